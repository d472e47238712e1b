import { useMonitor, type Summary } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";

const AFTER = 120;
const MOST = 8;

/** Jobs that the monitor finds, also those that are long gone from the live list; empty while there is no search. */
export function useSearchedJobs(search: string): { found: readonly Summary[]; isSearching: boolean } {
  const client = useMonitor();
  const [answer, setAnswer] = useState<{ search: string; found: readonly Summary[] }>({ search: "", found: [] });
  const q = search.trim();
  useEffect(() => {
    if (!q) return;
    let isWanted = true;
    const settle = (found: readonly Summary[]) => isWanted && setAnswer({ search: q, found });
    const timer = setTimeout(() => {
      client.api.generations({ q, limit: String(MOST) }).then(({ items }) => settle(items), () => settle([]));
    }, AFTER);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [client, q]);
  return { found: q ? answer.found : [], isSearching: q !== "" && answer.search !== q };
}
