import type { ReactNode } from "react";

export type Group = "Jobs" | "Do" | "Go to" | "Instances";

/** Something the palette finds. */
export interface Entry {
  id: string;
  group: Group;
  title: string;
  /** Beside the title: where, how far. */
  note?: string;
  /** Found by these too, though they are not shown. */
  keywords?: string;
  /** The monitor found it, by what this page does not see: the words of a prompt. */
  isFound?: boolean;
  key?: string;
  icon?: ReactNode;
  run: () => void;
}

/** How many of a group are shown. */
const MOST: Record<Group, number> = { Jobs: 8, Do: 12, "Go to": 6, Instances: 6 };
const ORDER: readonly Group[] = ["Jobs", "Do", "Go to", "Instances"];

export interface Found {
  group: Group;
  entries: Entry[];
}

/**
 * What is found with `search`, group by group; all of it without. Groups change places only for a match in a title that
 * is better than all of those before; within a group the better match is first, else what came first stays first.
 */
export function ranked(entries: readonly Entry[], search: string): Found[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = ORDER.map((group) => {
    const scored = entries.filter((entry) => entry.group === group).map((entry) => ({ entry, score: scoreOf(entry, words) }));
    const found = scored.filter(({ score }) => score > 0).toSorted((one, other) => other.score - one.score);
    return { group, entries: found.slice(0, MOST[group]).map(({ entry }) => entry), best: found[0]?.score ?? 0 };
  });
  return groups
    .filter(({ entries }) => entries.length > 0)
    .toSorted((one, other) => (words.length === 0 ? 0 : other.best - one.best))
    .map(({ group, entries }) => ({ group, entries }));
}

/** 4: the title is or begins with it; 3: words of it do; 2: it is in the title; 1: beside it; 0: not found. */
export function scoreOf({ title, note = "", keywords = "", isFound = false }: Entry, words: readonly string[]): number {
  if (words.length === 0) return 1;
  const name = title.toLowerCase();
  if (name.startsWith(words.join(" "))) return 4;
  const starts = name.split(/[^\p{L}\p{N}]+/u);
  if (words.every((word) => starts.some((start) => start.startsWith(word)))) return 3;
  if (words.every((word) => name.includes(word))) return 2;
  const all = `${name} ${note} ${keywords}`.toLowerCase();
  return isFound || words.every((word) => all.includes(word)) ? 1 : 0;
}
