"use client";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Preview } from "../core/frames.js";

/** A preview as an `<img>` can show it. */
export interface Picture {
  url: string;
  preview: Preview;
}

export interface Pictures {
  /** Oldest first: what is shown, and what is being read or faded in over it. */
  layers: readonly Picture[];
  /** Tells that one can be shown: what is under it goes once it has faded in. */
  ready: (picture: Picture) => void;
}

/** What a page may be asked to draw; never a document. */
const RASTER = /^image\/(png|jpeg|webp|gif|avif|bmp)$/;
/** One that is shown, one that fades in, one that is read. */
const MOST = 3;

/** Object URLs of the newest previews, of at most three at a time; each is given back. `fadeMs`: how long two are shown. */
export function usePictures(preview: Preview | undefined, fadeMs: number): Pictures {
  const [layers, setLayers] = useState<readonly Picture[]>([]);
  const held = useRef<readonly Picture[]>([]);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());

  const show = useCallback((next: readonly Picture[]) => {
    for (const { url } of held.current) if (!next.some((kept) => kept.url === url)) URL.revokeObjectURL(url);
    held.current = next;
    setLayers(next);
  }, []);

  useEffect(() => {
    if (!preview || !RASTER.test(preview.header.contentType)) return show([]);
    const url = URL.createObjectURL(new Blob([preview.image], { type: preview.header.contentType }));
    const before = held.current;
    // The one at the bottom is what is seen; what was to come over it has been overtaken.
    const kept = before.length < MOST ? before : [before[0] as Picture, ...before.slice(2)];
    show([...kept, { url, preview }]);
  }, [preview, show]);

  useEffect(() => {
    const waiting = timers.current;
    return () => {
      for (const timer of waiting) clearTimeout(timer);
      waiting.clear();
      show([]);
    };
  }, [show]);

  const ready = useCallback(
    (picture: Picture) => {
      const timer = setTimeout(() => {
        timers.current.delete(timer);
        const at = held.current.indexOf(picture);
        if (at > 0) show(held.current.slice(at));
      }, fadeMs);
      timers.current.add(timer);
    },
    [fadeMs, show],
  );
  return { layers, ready };
}
