/** Ended jobs, page by page from the API. However far one scrolls, only so many of them are held. */
import { newestFirst, NO_SOONER, type GenerationPage, type Summary } from "@comfyui-monitor/react";

/** Enough of a job to give it a place in the list. */
export type Entry = Pick<Summary, "queueId" | "createdAt">;

export interface PagesState {
  /** Of all pages so far, newest first. */
  entries: readonly Entry[];
  /** Whether the first page has come. */
  ready: boolean;
  more: boolean;
  /** Why the next page did not come. */
  problem: string | undefined;
  /** As the newest answer had them. */
  counts: GenerationPage["counts"] | undefined;
  today: GenerationPage["today"] | undefined;
}

interface Slot {
  /** Of the page before; none: this is the first. */
  cursor: string | undefined;
  entries: readonly Entry[];
  /** Absent while it is not held. */
  jobs: Map<string, Summary> | undefined;
  stale: boolean;
  loading: boolean;
  usedAt: number;
  /** When it came last (ms). */
  cameAt: number;
}

/** Pages of jobs that are held at once. */
const MAX_HELD = 20;

type Fetch = (cursor: string | undefined) => Promise<GenerationPage>;

const EMPTY: PagesState = { entries: [], ready: false, more: true, problem: undefined, counts: undefined, today: undefined };

export class Pages {
  private state = EMPTY;
  private slots: Slot[] = [];
  private slotOf = new Map<string, Slot>();
  private readonly listeners = new Set<() => void>();
  private uses = 0;
  private next: string | undefined;
  private appending = false;

  constructor(private readonly fetch: Fetch) {}

  readonly getSnapshot = (): PagesState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  job(queueId: string): Summary | undefined {
    return this.slotOf.get(queueId)?.jobs?.get(queueId);
  }

  /** The next page, unless it is on its way or there is none. */
  async more(): Promise<void> {
    if (this.appending || !this.state.more) return;
    this.appending = true;
    const slot: Slot = { cursor: this.next, entries: [], jobs: undefined, stale: true, loading: false, usedAt: ++this.uses, cameAt: 0 };
    this.slots.push(slot);
    const came = await this.load(slot);
    this.appending = false;
    if (!came) this.slots = this.slots.filter((other) => other !== slot);
  }

  /** Says what is in view: pages of it that are not held, or are no longer true, are fetched again. */
  use(queueIds: Iterable<string>): void {
    const seen = new Set<Slot>();
    for (const queueId of queueIds) {
      const slot = this.slotOf.get(queueId);
      if (slot) seen.add(slot);
    }
    for (const slot of seen) {
      slot.usedAt = ++this.uses;
      if (!slot.jobs || slot.stale) void this.load(slot);
    }
  }

  /** A link in the page of this job has ended: it is fetched again, for new ones. */
  readonly renew = (queueId: string): void => {
    const slot = this.slotOf.get(queueId);
    if (slot && Date.now() - slot.cameAt >= NO_SOONER) void this.load(slot);
  };

  /** Jobs have ended that no page knows: all are fetched again as they come into view, the first at once. */
  refresh(): void {
    for (const slot of this.slots) slot.stale = true;
    const [first] = this.slots;
    if (first) void this.load(first);
    else void this.more();
  }

  /** Takes figures from elsewhere. */
  count({ counts, today }: Pick<GenerationPage, "counts" | "today">): void {
    this.tell({ counts, today });
  }

  private async load(slot: Slot): Promise<boolean> {
    if (slot.loading) return false;
    slot.loading = true;
    const { cursor } = slot;
    try {
      const page = await this.fetch(cursor);
      slot.loading = false;
      // Its page was moved meanwhile.
      if (slot.cursor !== cursor) return this.load(slot);
      this.take(slot, page);
      return true;
    } catch (problem) {
      slot.loading = false;
      this.tell({ problem: problem instanceof Error ? problem.message : String(problem) });
      return false;
    }
  }

  private take(slot: Slot, page: GenerationPage): void {
    const at = this.slots.indexOf(slot);
    if (at < 0) return;
    slot.jobs = new Map(page.items.map((job) => [job.queueId, job]));
    slot.entries = page.items.map(({ queueId, createdAt }) => ({ queueId, createdAt }));
    slot.stale = false;
    slot.cameAt = Date.now();
    const following = this.slots[at + 1];
    if (page.nextCursor === undefined) this.slots.length = at + 1;
    else if (following && following.cursor !== page.nextCursor) Object.assign(following, { cursor: page.nextCursor, stale: true });
    if (this.slots.at(-1) === slot) this.next = page.nextCursor;
    this.drop();
    const isLast = this.slots.at(-1) === slot;
    const { counts, today } = page;
    this.tell({ entries: this.joined(), ready: true, counts, today, problem: undefined, ...(isLast && { more: page.nextCursor !== undefined }) });
  }

  /** Pages that are fetched again may overlap. */
  private joined(): Entry[] {
    this.slotOf = new Map();
    const all: Entry[] = [];
    let sorted = true;
    for (const slot of this.slots) {
      for (const entry of slot.entries) {
        const known = this.slotOf.get(entry.queueId);
        if (known?.jobs?.has(entry.queueId)) continue;
        this.slotOf.set(entry.queueId, slot);
        if (known) continue;
        const before = all.at(-1);
        sorted &&= !before || newestFirst(before, entry) <= 0;
        all.push(entry);
      }
    }
    return sorted ? all : all.sort(newestFirst);
  }

  private drop(): void {
    const held = this.slots.filter(({ jobs }) => jobs).sort((one, other) => other.usedAt - one.usedAt);
    for (const slot of held.slice(MAX_HELD)) slot.jobs = undefined;
  }

  private tell(change: Partial<PagesState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.listeners]) listener();
  }
}
