/** A choice among several, as a field offers it. */
export interface Option {
  value: string;
  label: string;
}

/** From this many on a list can be searched. */
export const SEARCH_FROM = 13;
/** More than this are not put on the screen at once. */
export const MAX_SHOWN = 200;

/** Choices in which every word of `search` occurs; first those that begin with it, else in their own order. */
export function matching<T extends Option>(choices: readonly T[], search: string): T[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...choices];
  const start = search.trim().toLowerCase();
  const found = choices.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
  const begins = ({ label }: Option) => label.toLowerCase().startsWith(start) || fileName(label).startsWith(start);
  return [...found.filter(begins), ...found.filter((choice) => !begins(choice))];
}

/** The next choice that begins with what was typed, after `from`, round the end; -1: none. */
export function typedTo(choices: readonly Option[], typed: string, from: number): number {
  const start = typed.toLowerCase();
  for (let step = typed.length > 1 ? 0 : 1; step <= choices.length; step++) {
    const at = (Math.max(0, from) + step) % choices.length;
    if (choices[at]?.label.toLowerCase().startsWith(start)) return at;
  }
  return -1;
}

/** Models are named with their folder: `sdxl/base_1.0.safetensors`. */
function fileName(label: string): string {
  return label.slice(Math.max(label.lastIndexOf("/"), label.lastIndexOf("\\")) + 1).toLowerCase();
}
