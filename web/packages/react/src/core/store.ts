/** A value that can be watched; what `useSyncExternalStore` wants. */
export interface Readable<T> {
  /** The same object until it changes. */
  getSnapshot(): T;
  /** Calls `listener` after every change, until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

export class Store<T> implements Readable<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  readonly getSnapshot = (): T => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    // Each subscription is one of its own, also of the same function.
    const own = () => listener();
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  };

  /** Tells nobody where nothing changed. */
  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }
}
