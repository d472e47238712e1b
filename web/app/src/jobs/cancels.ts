import { Store } from "../store.js";

/** How long the call is held for a job that waits (ms). */
export const HELD_FOR = 5_000;

export interface Cancelled {
  queueId: string;
  title: string;
}

export interface CancelCalls {
  /** To the server. */
  send: (queueId: string) => Promise<void>;
  /** It was not taken. */
  failed: (job: Cancelled, problem: unknown) => void;
}

/**
 * Jobs that are being cancelled, from the wish until the server says that they have ended. A call can be held for a
 * while, so that it can be taken back; it is made at once when the page goes.
 */
export class Cancels extends Store<ReadonlySet<string>> {
  private readonly held = new Map<string, { job: Cancelled; timer: ReturnType<typeof setTimeout> }>();

  constructor(private readonly calls: CancelCalls) {
    super(new Set());
  }

  now(job: Cancelled): void {
    this.release(job.queueId);
    this.with(job.queueId);
    this.calls.send(job.queueId).catch((problem: unknown) => {
      this.without(job.queueId);
      this.calls.failed(job, problem);
    });
  }

  hold(job: Cancelled): void {
    if (this.get().has(job.queueId)) return;
    this.with(job.queueId);
    this.held.set(job.queueId, { job, timer: setTimeout(() => this.now(job), HELD_FOR) });
  }

  /** Only while it is held. */
  takeBack(queueId: string): void {
    if (this.release(queueId)) this.without(queueId);
  }

  /** The page goes, or is hidden: nothing is held any longer. */
  sendHeld(): void {
    for (const { job } of [...this.held.values()]) this.now(job);
  }

  /** Heard of these that they have ended. */
  ended(queueIds: readonly string[]): void {
    const left = [...this.get()].filter((queueId) => !queueIds.includes(queueId));
    if (left.length === this.get().size) return;
    for (const queueId of queueIds) this.release(queueId);
    this.set(new Set(left));
  }

  private release(queueId: string): boolean {
    clearTimeout(this.held.get(queueId)?.timer);
    return this.held.delete(queueId);
  }

  private with(queueId: string): void {
    if (!this.get().has(queueId)) this.set(new Set([...this.get(), queueId]));
  }

  private without(queueId: string): void {
    this.set(new Set([...this.get()].filter((other) => other !== queueId)));
  }
}
