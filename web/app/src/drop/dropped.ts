import { useEffect } from "react";
import { Store } from "../store.js";

/** A file that was dropped on or pasted into the page and that nobody has taken yet. */
const waiting = new Store<File | undefined>(undefined);

/** Leaves a file for Generate. */
export function leave(file: File): void {
  waiting.set(file);
}

/** Takes what was dropped anywhere on the page, also before this part of it was there. */
export function useDropped(take: (file: File) => void): void {
  useEffect(() => {
    const look = () => {
      const file = waiting.get();
      if (!file) return;
      waiting.set(undefined);
      take(file);
    };
    look();
    return waiting.subscribe(look);
  }, [take]);
}
