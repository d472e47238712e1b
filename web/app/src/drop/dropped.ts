/** The file that was dropped on the page or pasted into it, until a route takes it. */
import { useSyncExternalStore } from "react";

let file: File | undefined;
const listeners = new Set<() => void>();

function set(next: File | undefined): void {
  file = next;
  for (const listener of [...listeners]) listener();
}

/** Hands a file to the route that reads workflows. */
export function drop(dropped: File): void {
  set(dropped);
}

/** Gives the file, once. */
export function takeDropped(): File | undefined {
  const taken = file;
  if (taken) set(undefined);
  return taken;
}

/** The file that waits to be taken. */
export function useDropped(): File | undefined {
  return useSyncExternalStore(subscribe, current, current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const current = () => file;
