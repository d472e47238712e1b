import { useMemo, useRef } from "react";
import type { Listed } from "./rows.js";

const NONE: ReadonlySet<string> = new Set();

/** Those at work that were not shown the moment before; none when the list is about something else. */
export function useFresh(shown: Listed, about: string): ReadonlySet<string> {
  const before = useRef<{ about: string; shown: Listed; ids: ReadonlySet<string>; fresh: ReadonlySet<string> }>(undefined);
  return useMemo(() => {
    const was = before.current;
    if (was?.shown === shown && was.about === about) return was.fresh;
    const now = [...shown.running, ...shown.waiting].map(({ queueId }) => queueId);
    const fresh = was?.about === about ? new Set(now.filter((id) => !was.ids.has(id))) : NONE;
    before.current = { about, shown, ids: new Set(now), fresh };
    return fresh;
  }, [shown, about]);
}
