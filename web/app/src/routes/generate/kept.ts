import { Store } from "../../store.js";

export interface KeptOptions<T> {
  /** Of what is stored, in characters; larger values last until the reload. */
  limit: number;
  /** What comes out of the storage may be of another version of the page: gives `undefined` for what does not fit. */
  read(stored: unknown): T | undefined;
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;
}

/** After the last of several changes, as typing makes them. */
const SETTLED_MS = 300;

/** A value of this tab, which survives a reload. */
export class Kept<T> extends Store<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly key: string,
    initial: T,
    private readonly options: KeptOptions<T>,
  ) {
    super(restored(key, options) ?? initial);
    globalThis.addEventListener?.("pagehide", () => this.timer !== undefined && this.store());
  }

  override set(value: T): void {
    super.set(value);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.store(), SETTLED_MS);
  }

  update(change: (before: T) => T): void {
    const before = this.get();
    const after = change(before);
    if (!Object.is(before, after)) this.set(after);
  }

  private store(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { limit, storage = tabStorage() } = this.options;
    try {
      const text = JSON.stringify(this.get());
      if (text.length > limit) storage?.removeItem(this.key);
      else storage?.setItem(this.key, text);
    } catch {
      // Full, or forbidden: it lasts until the reload.
    }
  }
}

function restored<T>(key: string, { read, storage = tabStorage() }: KeptOptions<T>): T | undefined {
  try {
    const text = storage?.getItem(key);
    return text ? read(JSON.parse(text)) : undefined;
  } catch {
    return undefined;
  }
}

/** Access alone throws where a browser keeps nothing for this site. */
function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
