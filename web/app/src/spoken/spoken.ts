import { Setting, Store } from "../store.js";

/** Whether progress is told to screen readers; errors always are. */
export const spokenProgress = new Setting<"on" | "off">("cm-spoken-progress", ["on", "off"]);

interface Spoken {
  text: string;
  /** The same words twice are said twice. */
  turn: number;
}

export const polite = new Store<Spoken>({ text: "", turn: 0 });
export const assertive = new Store<Spoken>({ text: "", turn: 0 });

export function say(text: string, region: Store<Spoken> = polite): void {
  region.set({ text, turn: region.get().turn + 1 });
}
