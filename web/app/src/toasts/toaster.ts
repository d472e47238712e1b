import { Store } from "../store.js";
import type { Toast } from "./toasts.js";

const MOST = 3;
const STAYS_FOR = 6_000;

export interface Told extends Toast {
  id: number;
}

/** At most three toasts, newest last. Each goes by itself, unless it is an error; while one is read all wait. */
export class Toaster extends Store<readonly Told[]> {
  private newest = 0;
  private paused = false;
  private readonly timers = new Map<number, { left: number; since: number; timer?: ReturnType<typeof setTimeout> }>();

  constructor() {
    super([]);
  }

  tell(toast: Toast): () => void {
    const id = ++this.newest;
    const shown = [...this.get(), { ...toast, id }];
    while (shown.length > MOST) {
      const [gone] = shown.splice(Math.max(0, shown.findIndex(goes)), 1);
      if (gone) this.forget(gone.id);
    }
    this.set(shown);
    if (goes(toast)) {
      this.timers.set(id, { left: toast.forMs ?? STAYS_FOR, since: Date.now() });
      if (!this.paused) this.run(id);
    }
    return () => this.close(id);
  }

  close(id: number): void {
    this.forget(id);
    this.set(this.get().filter((toast) => toast.id !== id));
  }

  /** Pointed at, or the focus is in one. */
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    for (const timed of this.timers.values()) {
      clearTimeout(timed.timer);
      timed.left -= Date.now() - timed.since;
    }
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const id of this.timers.keys()) this.run(id);
  }

  private run(id: number): void {
    const timed = this.timers.get(id);
    if (!timed) return;
    timed.since = Date.now();
    timed.timer = setTimeout(() => this.close(id), Math.max(0, timed.left));
  }

  private forget(id: number): void {
    clearTimeout(this.timers.get(id)?.timer);
    this.timers.delete(id);
  }
}

function goes({ tone, forMs }: Toast): boolean {
  return tone !== "failed" || forMs !== undefined;
}
