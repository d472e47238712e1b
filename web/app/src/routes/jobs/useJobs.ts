import { useMonitor, type Summary } from "@comfyui-monitor/react";
import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Pages } from "./pages.js";

/** The newest of what the live list and the pages have of a job. */
export function newest(live: Summary | undefined, paged: Summary | undefined): Summary | undefined {
  if (!live || !paged) return live ?? paged;
  return paged.sequence > live.sequence ? paged : live;
}

/** Some jobs of the list, for what can be done with them: it does not change with their progress. */
export function useJobs(ids: readonly string[], pages: Pages): readonly Summary[] {
  const client = useMonitor();
  const held = useRef<readonly Summary[]>([]);
  const read = useCallback(() => {
    const jobs = ids.map((id) => newest(client.liveJob(id).getSnapshot(), pages.job(id))).filter((job) => job !== undefined);
    const before = held.current;
    const same = jobs.length === before.length && jobs.every((job, at) => alike(job, before[at]));
    return same ? before : (held.current = jobs);
  }, [client, ids, pages]);
  return useSyncExternalStore(client.live.subscribe, read);
}

function alike(one: Summary, other: Summary | undefined): boolean {
  return one.queueId === other?.queueId && one.status === other.status && one.title === other.title && one.retry?.retryAt === other.retry?.retryAt;
}
