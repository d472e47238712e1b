/** Layouts of run strips over time: measured where it pays, held for a second, glided to. */
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { LaidOutStrip } from "../core/stripLayout.js";

/** Widths change at most that often (ms), and glide that long. */
const HELD = 1_000;
const GLIDE = 320;

const useBeforePaint = typeof document === "undefined" ? useEffect : useLayoutEffect;

/** The width of an element in whole pixels; `undefined` until it is known, or where it is not wanted. */
export function useWidth(ref: RefObject<HTMLElement | null>, wanted: boolean): number | undefined {
  const [width, setWidth] = useState<number>();
  useBeforePaint(() => {
    const element = ref.current;
    if (!wanted || !element) return;
    const measure = () => setWidth(Math.round(element.clientWidth) || undefined);
    measure();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref, wanted]);
  return width;
}

interface Held {
  layout: LaidOutStrip;
  about: string;
  at: number;
}

/**
 * A layout as it may be shown: a new one at most once a second, or when a node's state changes, or when the head leaves
 * the cell it is in; between, only the head moves.
 */
export function useHeldLayout(lay: () => LaidOutStrip, { about, head }: { about: string; head: number }): LaidOutStrip {
  const held = useRef<Held>(undefined);
  const now = performance.now();
  const before = held.current;
  const moved = before && before.about === about && now - before.at < HELD ? withHead(before.layout, head) : undefined;
  if (moved) return moved;
  const layout = lay();
  held.current = { layout, about, at: now };
  return layout;
}

/** The same cells with the head elsewhere in the one that it is in; `undefined` where it would leave it. */
export function withHead(layout: LaidOutStrip, head: number): LaidOutStrip | undefined {
  if (head === layout.head) return layout;
  const at = layout.cells.findIndex(({ x, width }) => head >= x && head <= x + width);
  const cell = layout.cells[at];
  if (!cell || cell.look !== "running" || cell.lanes.length > 0 || cell.width === 0) return undefined;
  const lit = (head - cell.x) / cell.width;
  if (layout.head < cell.x || layout.head > cell.x + cell.width) return undefined;
  return { ...layout, head, cells: layout.cells.map((other, index) => (index === at ? { ...cell, lit } : other)) };
}

/** Lets cells glide from where they were. Only what is large enough for it to be seen. */
export function useCellGlide(ref: RefObject<HTMLElement | null>, { cells, width }: LaidOutStrip, wanted: boolean) {
  const before = useRef<{ width: number; places: Map<string, { x: number; width: number }> }>(undefined);
  useBeforePaint(() => {
    const last = before.current;
    const places = new Map(cells.map((cell) => [cell.key, { x: cell.x, width: cell.width }]));
    before.current = { width, places };
    if (!wanted || !last || last.width !== width || !ref.current || stands()) return;
    for (const element of ref.current.children) {
      const key = (element as HTMLElement).dataset.cell ?? "";
      const [from, to] = [last.places.get(key), places.get(key)];
      if (!from || !to || to.width === 0 || (Math.abs(from.x - to.x) < 0.5 && Math.abs(from.width - to.width) < 0.5)) continue;
      const transform = `translateX(${from.x - to.x}px) scaleX(${from.width / to.width})`;
      element.animate?.([{ transform, transformOrigin: "left" }, { transform: "none", transformOrigin: "left" }], { duration: GLIDE, easing: "cubic-bezier(.2, .8, .2, 1)" });
    }
  }, [ref, cells, width, wanted]);
}

/** Nothing glides where that is not wanted, or not seen. */
function stands(): boolean {
  return document.hidden || (globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? true);
}
