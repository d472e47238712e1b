import { lazy, Suspense, useEffect } from "react";
import { useStore } from "../store.js";
import { paletteOpen } from "./open.js";

const load = () => import("./Palette.js");
const Palette = lazy(load);

/** The palette: fetched when the page has nothing better to do, so that it opens at once. */
export function PaletteHost() {
  const isOpen = useStore(paletteOpen);
  useEffect(() => {
    if (!("requestIdleCallback" in globalThis)) {
      const timer = setTimeout(load, 1_000);
      return () => clearTimeout(timer);
    }
    const idle = requestIdleCallback(() => void load(), { timeout: 3_000 });
    return () => cancelIdleCallback(idle);
  }, []);
  return isOpen ? <Suspense><Palette /></Suspense> : null;
}
