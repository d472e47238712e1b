import { useCallback, type KeyboardEvent as ReactKeyboardEvent } from "react";
import { useKeys } from "../../keys/useKeys.js";
import { cleared, extended, moved, toggled, type Selection } from "./selection.js";

interface Options {
  ids: readonly string[];
  selection: Selection;
  change: (selection: Selection) => void;
  onOpen: (queueId: string) => void;
  onSearch: () => void;
}

/** Rows that a page of the keyboard moves over. */
const PAGE = 10;

/** The keys of the list: those of the whole page, and for the one who came to it by `Tab` the usual ones of a grid. */
export function useListKeys({ ids, selection, change, onOpen, onSearch }: Options): (event: ReactKeyboardEvent) => void {
  const { current } = selection;
  useKeys({
    j: () => change(moved(selection, ids, 1)),
    k: () => change(moved(selection, ids, -1)),
    "Shift+J": () => change(extended(selection, ids, 1)),
    "Shift+K": () => change(extended(selection, ids, -1)),
    "/": onSearch,
    // A key that is bound is taken: these only while there is something for them.
    ...(current !== undefined && { x: () => change(toggled(selection, current)), Enter: () => onOpen(current) }),
    ...(selection.selected.size > 0 && { Escape: () => change(cleared(selection)) }),
  });
  return useCallback(
    (event: ReactKeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -ids.length, End: ids.length }[event.key];
      if (by !== undefined) change((event.shiftKey ? extended : moved)(selection, ids, by));
      else if (event.key === " " && current !== undefined) change(toggled(selection, current));
      else return;
      event.preventDefault();
    },
    [ids, selection, current, change],
  );
}
