/** What is written at a run strip. Pure. */
import type { LaidOutStrip, StripCell } from "../core/stripLayout.js";
import { counted, duration, nodeTimes } from "../words/index.js";

/** `K-Sampler, 28.5 s so far, about 10 s to go`; nothing where the cell's nodes have no names. */
export function cellSentence({ look, main, segments }: StripCell): string | undefined {
  if (main?.title === undefined) return undefined;
  const others = segments.length - 1;
  const name = others > 0 ? `${main.title} and ${counted(others, "other")}` : main.title;
  const total = segments.reduce((sum, { ms }) => sum + ms, 0);
  switch (look) {
    case "cached":
      return `${name}, cached`;
    case "finished":
      return nodeTimes(name, { tookMs: total });
    case "running":
      return nodeTimes(name, { soFarMs: main.ms, leftMs: main.leftMs });
    case "failed":
      return `${name}, failed after ${duration(main.ms)}`;
    case "interrupted":
      return `${name}, interrupted after ${duration(main.ms)}`;
    case "pending":
      if (main.state === "skipped") return `${name}, not run`;
      return nodeTimes(name, { leftMs: total > 0 ? total : undefined });
  }
}

export interface StripLabel {
  key: string;
  title: string;
  /** In percent of the strip. */
  x: number;
  width: number;
  runs: boolean;
}

/** Names for the cells that have room for theirs. */
export function labelsOf({ cells, width }: LaidOutStrip): StripLabel[] {
  return cells.flatMap((cell) => {
    const { main, segments, look, key } = cell;
    if (main?.title === undefined || look === "cached" || width === 0) return [];
    const total = segments.reduce((sum, { ms }) => sum + ms, 0);
    // Of several, one that is most of them.
    if (segments.length > 1 && main.ms < total / 2) return [];
    if (textWidth(main.title) > cell.width) return [];
    return [{ key, title: main.title, x: (100 * cell.x) / width, width: (100 * cell.width) / width, runs: look === "running" }];
  });
}

/** Of the smallest role, about, and rather too much; ideographs are as wide as they are high. */
function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += character >= "\u2e80" ? 11.5 : 6.2;
  return width;
}
