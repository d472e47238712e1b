/** All jobs and instances, as the subscription to `*` tells of them. */
import type { FrameOf, Instance, Summary } from "../types/index.js";
import { isSameFile } from "./links.js";
import { groupOf, isEnded, newestFirst, NO_ORDER, ordered, type LiveOrder } from "./order.js";
import { Paint } from "./paint.js";
import { same } from "./same.js";
import { Store, type Readable } from "./store.js";

export { isEnded };

export interface LiveState {
  /** Whether a snapshot has come. */
  known: boolean;
  /** Newest first. */
  jobs: readonly Summary[];
  instances: readonly Instance[];
}

export const NOTHING: LiveState = { known: false, jobs: [], instances: [] };

/** Ended jobs that are kept; the others are a question to the API. */
const MAX_ENDED = 500;

export type ListFrame = FrameOf<"snapshot" | "generation_update" | "instance_update">;

/**
 * Thousands of updates a second come to one change of state a frame, of the newest word on each job. What did not
 * change keeps its identity, and who follows one job hears of no other.
 */
export class LiveList {
  readonly state: Readable<LiveState>;
  readonly order: Readable<LiveOrder>;
  private readonly told = new Store<LiveState>(NOTHING);
  private readonly toldOrder = new Store<LiveOrder>(NO_ORDER);
  private jobs: readonly Summary[] = [];
  /** Of each job in `jobs`. */
  private places = new Map<string, number>();
  /** When those that run began. */
  private readonly since = new Map<string, string>();
  private readonly followers = new Map<string, Set<() => void>>();
  private readonly newJobs = new Map<string, Summary>();
  private readonly newInstances = new Map<string, Instance>();
  private newestAt: string | undefined;
  /** What the server's clock is ahead of this one (ms). */
  private ahead: number | undefined;
  /** Those at work that the snapshot left out. */
  private leftOut: ReadonlySet<Summary> = new Set();
  /** The links that are held have ended. */
  private wantsLinks = false;
  private readonly paint = new Paint(() => this.apply());

  constructor() {
    this.state = this.told;
    this.order = this.toldOrder;
  }

  /** One job of the list, `undefined` where it is not in it. */
  job(queueId: string): Readable<Summary | undefined> {
    return { getSnapshot: () => this.held(queueId), subscribe: (listener) => this.follow(queueId, listener) };
  }

  /** `now` by the server's clock, as far as its frames have told it (ms). */
  serverTime(now: number): number {
    return now + (this.ahead ?? 0);
  }

  /** A snapshot is applied at once, whole; what else is told waits for the next paint. */
  take(frame: ListFrame): void {
    if (frame.type === "snapshot") return this.begin(frame);
    this.newestAt = frame.timestamp;
    if (frame.type === "instance_update") {
      this.newInstances.set(frame.instance.instanceId, frame.instance);
    } else {
      this.hear(frame.generation);
    }
    this.paint.request();
  }

  /** Takes all that wait or run, of which a snapshot left out some; if these are all, the others have ended. */
  complete(jobs: readonly Summary[], isWhole: boolean): void {
    const open = new Set(jobs.map(({ queueId }) => queueId));
    const gone = this.jobs.filter((job) => isWhole && this.leftOut.has(job) && !open.has(job.queueId));
    if (gone.length > 0) {
      this.replace(this.jobs.filter((job) => !gone.includes(job)));
      this.publish(new Set(gone.map(({ queueId }) => queueId)), true);
    }
    jobs.forEach((job) => this.hear(job));
    this.paint.request();
  }

  /** The next snapshot brings links, also of jobs of which it says nothing new. */
  renewLinks(): void {
    this.wantsLinks = true;
  }

  /** Forgets what waits for the next paint. */
  close(): void {
    this.paint.cancel();
    this.newJobs.clear();
    this.newInstances.clear();
  }

  private hear(job: Summary): void {
    const waiting = this.newJobs.get(job.queueId);
    if (!waiting || waiting.sequence <= job.sequence) this.newJobs.set(job.queueId, job);
  }

  private held(queueId: string): Summary | undefined {
    const place = this.places.get(queueId);
    return place === undefined ? undefined : this.jobs[place];
  }

  private follow(queueId: string, listener: () => void): () => void {
    const own = () => listener();
    const all = this.followers.get(queueId) ?? new Set();
    this.followers.set(queueId, all.add(own));
    return () => {
      all.delete(own);
      if (all.size === 0 && this.followers.get(queueId) === all) this.followers.delete(queueId);
    };
  }

  private begin(frame: FrameOf<"snapshot">): void {
    const heard = new Map(this.newJobs);
    this.close();
    this.ahead = Date.parse(frame.timestamp) - Date.now() || 0;
    const before = this.jobs;
    const held = (job: Summary) => heard.get(job.queueId) ?? this.held(job.queueId);
    const generations = frame.generations ?? [];
    const fresh = generations.map((job) => newest(held(job), job, this.wantsLinks));
    this.wantsLinks = false;
    const told = new Set(generations.map(({ queueId }) => queueId));
    const others = frame.truncated ? before.filter(({ queueId }) => !told.has(queueId)).map((job) => newest(held(job), job)) : [];
    this.leftOut = new Set(others.filter((job) => !isEnded(job)));
    this.replace(joined(others, fresh.sort(newestFirst)));
    const known = new Set(before);
    const changed = new Set([...this.jobs.filter((job) => !known.has(job)), ...before].map(({ queueId }) => queueId));
    const instances = frame.instances ?? [];
    this.publish(changed, true, same(this.told.getSnapshot().instances, instances) ? undefined : instances);
  }

  private apply(): void {
    this.setClock();
    const changed = new Set<string>();
    const added: Summary[] = [];
    let moved = false;
    const jobs = [...this.jobs];
    for (const [queueId, job] of this.newJobs) {
      const place = this.places.get(queueId);
      const held = place === undefined ? undefined : jobs[place];
      if (place === undefined || !held) {
        added.push(job);
      } else {
        if (newest(held, job) === held) continue;
        jobs[place] = job;
        moved ||= groupOf(held) !== groupOf(job);
      }
      changed.add(queueId);
    }
    this.newJobs.clear();
    if (added.length > 0) this.replace(joined(jobs, added.sort(newestFirst)));
    else if (changed.size > 0) this.jobs = jobs;
    this.publish(changed, moved || added.length > 0, this.appliedInstances());
  }

  private appliedInstances(): readonly Instance[] | undefined {
    if (this.newInstances.size === 0) return undefined;
    const fresh = new Map(this.newInstances);
    this.newInstances.clear();
    const held = this.told.getSnapshot().instances;
    const now = held.map((instance) => {
      const news = fresh.get(instance.instanceId);
      fresh.delete(instance.instanceId);
      return news && !same(instance, news) ? news : instance;
    });
    const changed = fresh.size > 0 || now.some((instance, at) => instance !== held[at]);
    return changed ? [...now, ...fresh.values()] : undefined;
  }

  private replace(jobs: readonly Summary[]): void {
    this.jobs = jobs;
    this.places = new Map(jobs.map(({ queueId }, place) => [queueId, place]));
  }

  private publish(changed: ReadonlySet<string>, reorder: boolean, instances?: readonly Instance[]): void {
    const before = this.told.getSnapshot();
    if (reorder) this.toldOrder.set(ordered(this.jobs, this.toldOrder.getSnapshot(), this.since));
    for (const queueId of changed) this.followers.get(queueId)?.forEach((listener) => listener());
    if (before.known && changed.size === 0 && !instances) return;
    this.told.set({ known: true, jobs: this.jobs, instances: instances ?? before.instances });
  }

  /** A frame's delay makes the server's clock seem late: the earliest word counts. */
  private setClock(): void {
    const ahead = Date.parse(this.newestAt ?? "") - Date.now();
    if (!Number.isNaN(ahead)) this.ahead = Math.max(this.ahead ?? ahead, ahead);
  }
}

/**
 * What is held, where the same is told again: a snapshot repeats it, with a new signature in its link, and may be overtaken
 * on its way by what it does not know yet.
 */
function newest(held: Summary | undefined, told: Summary, wantsLink = false): Summary {
  if (!held) return told;
  const { thumbnailUrl: link } = held;
  const again = !wantsLink && link !== undefined && isSameFile(link, told.thumbnailUrl) ? { ...told, thumbnailUrl: link } : told;
  return held.sequence > told.sequence || same(held, again) ? held : told;
}

/** Two lists in one order; of the ended, only the newest stay. */
function joined(jobs: readonly Summary[], added: readonly Summary[]): Summary[] {
  const all: Summary[] = [];
  let ended = 0;
  let next = 0;
  const push = (job: Summary) => {
    if (!isEnded(job) || ++ended <= MAX_ENDED) all.push(job);
  };
  for (const job of jobs) {
    for (let one = added[next]; one && newestFirst(one, job) < 0; one = added[++next]) push(one);
    push(job);
  }
  added.slice(next).forEach(push);
  return all;
}
