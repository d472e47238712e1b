import { Store } from "../store.js";

/** Whether the palette is open. */
export const paletteOpen = new Store(false);

export function openPalette(): void {
  paletteOpen.set(true);
}
