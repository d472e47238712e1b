/** The row that keys act on, and those that are selected. Pure. */
export interface Selection {
  /** Where the keys are. */
  current: string | undefined;
  selected: ReadonlySet<string>;
  /** Where a stretch began that `Shift` extends. */
  anchor: string | undefined;
}

export const NONE: Selection = { current: undefined, selected: new Set(), anchor: undefined };

/** To the row `by` further on; from none, to the first or last. */
export function moved(selection: Selection, ids: readonly string[], by: number): Selection {
  const to = target(selection, ids, by);
  return to === undefined ? selection : { ...selection, current: to, anchor: undefined };
}

/** As {@link moved}, and what lies between is selected; going back lets go of it again. */
export function extended(selection: Selection, ids: readonly string[], by: number): Selection {
  const to = target(selection, ids, by);
  return to === undefined ? selection : extendedTo(selection, ids, to);
}

export function extendedTo(selection: Selection, ids: readonly string[], to: string): Selection {
  const anchor = selection.anchor ?? selection.current ?? to;
  const before = selection.anchor === undefined ? [] : between(ids, anchor, selection.current);
  const selected = new Set(selection.selected);
  for (const id of before) selected.delete(id);
  for (const id of between(ids, anchor, to)) selected.add(id);
  return { current: to, selected, anchor };
}

export function toggled(selection: Selection, id: string): Selection {
  const selected = new Set(selection.selected);
  if (!selected.delete(id)) selected.add(id);
  return { current: id, selected, anchor: id };
}

export function cleared(selection: Selection): Selection {
  return { ...selection, selected: NONE.selected, anchor: undefined };
}

/** Without rows that are gone from the list: what is not seen is not acted on. */
export function within(selection: Selection, ids: ReadonlySet<string>): Selection {
  const gone = [...selection.selected].some((id) => !ids.has(id));
  if (!gone) return selection;
  return { ...selection, selected: new Set([...selection.selected].filter((id) => ids.has(id))), anchor: undefined };
}

function target({ current }: Selection, ids: readonly string[], by: number): string | undefined {
  const from = current === undefined ? -1 : ids.indexOf(current);
  if (from < 0) return by > 0 ? ids[0] : ids.at(-1);
  return ids[Math.max(0, Math.min(ids.length - 1, from + by))];
}

function between(ids: readonly string[], one: string, other: string | undefined): readonly string[] {
  const ends = [ids.indexOf(one), other === undefined ? -1 : ids.indexOf(other)].sort((a, b) => a - b);
  const [from = -1, to = -1] = ends;
  return from < 0 ? [] : ids.slice(from, to + 1);
}
