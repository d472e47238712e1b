/** How long updates wait at most: hidden tabs paint nothing, but their title still tells (ms). */
const HIDDEN = 250;
/** Where there are no animation frames at all (ms). */
const FRAME = 16;

/** Calls once for all requests before the next paint; in a hidden tab, or where nothing paints, by a timer. */
export class Paint {
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly run: () => void) {}

  request(): void {
    if (this.timer !== undefined) return;
    const paints = typeof globalThis.requestAnimationFrame === "function";
    const hidden = typeof document !== "undefined" && document.hidden;
    if (paints && !hidden) this.frame = requestAnimationFrame(this.due);
    // Beside a frame too: the tab may be hidden before it comes.
    this.timer = setTimeout(this.due, paints ? HIDDEN : FRAME);
  }

  cancel(): void {
    clearTimeout(this.timer);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.timer = this.frame = undefined;
  }

  private readonly due = (): void => {
    this.cancel();
    this.run();
  };
}
