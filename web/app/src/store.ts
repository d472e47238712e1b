import { useSyncExternalStore } from "react";

/** A value of the whole page that can be watched; it tells nobody where nothing changed. */
export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  readonly get = (): T => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }
}

/** What the store holds, in a component. */
export function useStore<T>(store: Pick<Store<T>, "get" | "subscribe">): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

/** A setting that outlives the tab; where nothing can be kept it lasts as long as the page. */
export class Setting<T extends string> extends Store<T> {
  constructor(private readonly key: string, values: readonly [T, ...T[]]) {
    const kept = storage()?.getItem(key);
    super(values.find((value) => value === kept) ?? values[0]);
  }

  override set(value: T): void {
    try {
      storage()?.setItem(this.key, value);
    } catch {
      // Full, or forbidden.
    }
    super.set(value);
  }
}

function storage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
