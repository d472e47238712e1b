/** A value of this tab: it survives a reload, and whoever shows it is told of every change. */
import { useSyncExternalStore } from "react";

export interface Kept<T> {
  get(): T;
  set(change: (before: T) => T): void;
  subscribe(listener: () => void): () => void;
}

export interface KeptOptions<T> {
  /** Of what is stored, in characters; larger values last until the reload. */
  limit: number;
  /** What comes out of the storage may be of another version of the page: gives `undefined` for what does not fit. */
  read(stored: unknown): T | undefined;
  /** What of it is worth storing. */
  write?(value: T): unknown;
  storage?: Storage | undefined;
}

/** After the last of several changes, as typing makes them. */
const SETTLED_MS = 300;

export function kept<T>(key: string, initial: T, options: KeptOptions<T>): Kept<T> {
  const { limit, read, write = (value: T): unknown => value, storage = tabStorage() } = options;
  const listeners = new Set<() => void>();
  let value = restored() ?? initial;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function restored(): T | undefined {
    try {
      const text = storage?.getItem(key);
      return text ? read(JSON.parse(text)) : undefined;
    } catch {
      return undefined;
    }
  }

  function store(): void {
    clearTimeout(timer);
    timer = undefined;
    try {
      const text = JSON.stringify(write(value));
      if (text.length > limit) storage?.removeItem(key);
      else storage?.setItem(key, text);
    } catch {
      // Full, or switched off: it lasts until the reload.
    }
  }

  globalThis.addEventListener?.("pagehide", () => timer !== undefined && store());
  return {
    get: () => value,
    set(change) {
      const next = change(value);
      if (Object.is(next, value)) return;
      value = next;
      clearTimeout(timer);
      timer = setTimeout(store, SETTLED_MS);
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export function useKept<T>(store: Kept<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

/** Access alone throws where a browser keeps nothing for this site. */
function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
