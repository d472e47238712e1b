import { Setting, useStore } from "../store.js";

export type Theme = "dark" | "light";

const chosen = new Setting<"system" | Theme>("cm-theme", ["system", "dark", "light"]);
const system = globalThis.matchMedia?.("(prefers-color-scheme: light)");

function current(): Theme {
  const value = chosen.get();
  return value === "system" ? (system?.matches ? "light" : "dark") : value;
}

function subscribe(listener: () => void): () => void {
  const stop = chosen.subscribe(listener);
  system?.addEventListener("change", listener);
  return () => {
    stop();
    system?.removeEventListener("change", listener);
  };
}

/** Puts the theme on the document, now and whenever it changes; before the first paint, so that nothing flashes. */
export function startTheme(): void {
  const apply = () => void (document.documentElement.dataset.theme = current());
  apply();
  subscribe(apply);
}

/** Darkroom to Lightbox and back; the choice is kept. */
export function switchTheme(): void {
  chosen.set(current() === "dark" ? "light" : "dark");
}

export function useTheme(): Theme {
  return useStore({ get: current, subscribe });
}
