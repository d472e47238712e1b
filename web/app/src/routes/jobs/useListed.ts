import { useLiveOrder, useMonitor, type LiveOrder, type Summary } from "@comfyui-monitor/react";
import { useMemo, useState } from "react";
import { matches, type Filters } from "./filters.js";
import type { Entry } from "./pages.js";
import { newcomers, type Listed } from "./rows.js";

export interface LiveListed {
  order: LiveOrder;
  listed: Listed;
  /** Of those at work that the other filters leave, whatever is shown of them. */
  counts: { running: number; waiting: number };
}

/** What the filters leave of the live list; it changes only with the order, not with the jobs. */
export function useListed(filters: Filters, day: number): LiveListed {
  const client = useMonitor();
  const order = useLiveOrder();
  return useMemo(() => {
    const jobs = new Map(client.live.getSnapshot().jobs.map((job) => [job.queueId, job]));
    const pick = (ids: readonly string[], by: Filters): Entry[] =>
      ids.map((id) => jobs.get(id)).filter((job): job is Summary => job !== undefined && matches(job, by, Date.now()));
    const any: Filters = { ...filters, show: "all" };
    const listed = { running: pick(order.running, filters), waiting: pick(order.waiting, filters), ended: pick(order.ended, filters) };
    const counts = { running: pick(order.running, any).length, waiting: pick(order.waiting, any).length };
    return { order, listed, counts };
  }, [client, order, filters, day]);
}

/** While `isHeld` the rows stay as they are; `of` says what they are about: of something else they start anew. */
export function useHeld(listed: Listed, isHeld: boolean, of: string): { shown: Listed; fresh: number; release: () => void } {
  const [kept, keep] = useState({ listed, of });
  const shown = isHeld && kept.of === of ? kept.listed : listed;
  if (shown !== kept.listed || of !== kept.of) keep({ listed: shown, of });
  const fresh = useMemo(() => newcomers(shown, listed), [shown, listed]);
  return { shown, fresh, release: () => keep({ listed, of }) };
}
