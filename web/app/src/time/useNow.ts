import { useSyncExternalStore } from "react";

/** A clock that only ticks while somebody watches it and the page is seen. */
export class Clock {
  private now = Date.now();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly everyMs: number) {}

  /** Stands still between ticks. */
  readonly get = (): number => this.now;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  private start(): void {
    document.addEventListener("visibilitychange", this.turn);
    this.turn();
  }

  private stop(): void {
    document.removeEventListener("visibilitychange", this.turn);
    clearTimeout(this.timer);
  }

  private readonly turn = (): void => {
    clearTimeout(this.timer);
    if (document.hidden) return;
    this.tick();
  };

  private tick(): void {
    this.now = Date.now();
    for (const listener of [...this.listeners]) listener();
    // On the beat, so that all clocks of the page change in one paint.
    this.timer = setTimeout(() => this.tick(), this.everyMs - (Date.now() % this.everyMs));
  }
}

const clocks = new Map<number, Clock>();

function clockOf(everyMs: number): Clock {
  const known = clocks.get(everyMs);
  if (known) return known;
  const clock = new Clock(everyMs);
  clocks.set(everyMs, clock);
  return clock;
}

/** The time, at most `everyMs` old, on one clock for the whole page; it stands still while the page is hidden. */
export function useNow(everyMs = 1000): number {
  const clock = clockOf(everyMs);
  return useSyncExternalStore(clock.subscribe, clock.get, clock.get);
}
