import { useEffect, useState, type ComponentType } from "react";
import { part } from "../parts.js";
import { useStore } from "../store.js";
import { paletteOpen } from "./open.js";

/**
 * The palette: fetched when the page has nothing better to do, so that it opens at once. Not through `lazy`, which
 * holds back for 300 ms what it shows for the first time.
 */
export function PaletteHost() {
  const isOpen = useStore(paletteOpen);
  const [Palette, setPalette] = useState<ComponentType>();
  useEffect(() => {
    if (Palette) return;
    // What nobody has asked for yet is no reason to load the page anew.
    const fetched = part(() => import("./Palette.js"), isOpen ? {} : { anew: () => false });
    const load = () => void fetched().then((loaded) => setPalette(() => loaded.default), () => {});
    if (isOpen) return load();
    if (!("requestIdleCallback" in globalThis)) {
      const timer = setTimeout(load, 1_000);
      return () => clearTimeout(timer);
    }
    const idle = requestIdleCallback(load, { timeout: 3_000 });
    return () => cancelIdleCallback(idle);
  }, [Palette, isOpen]);
  return isOpen && Palette ? <Palette /> : null;
}
