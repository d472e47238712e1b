import { useConnection, useMonitor, type GenerationPage, type LiveOrder, type MonitorClient } from "@comfyui-monitor/react";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { endedStatuses, queryOf, type Filters } from "./filters.js";
import { Pages, type PagesState } from "./pages.js";

const LIMIT = "100";
/** How often figures are asked for while jobs come and go (ms). */
const COUNT_EVERY = 5_000;
/** Jobs that ended since pages were fetched, after which they are fetched again: the live list keeps only so many. */
const MANY = 200;

/** The ended jobs of the list, and its figures; `day` is today's midnight. */
export function usePages(filters: Filters, day: number, order: LiveOrder): { pages: Pages; state: PagesState } {
  const client = useMonitor();
  const { show, instanceId, since, q } = filters;
  const pages = useMemo(() => {
    const query = queryOf({ show, instanceId, since, q }, Date.now());
    const status = endedStatuses(show).join(",");
    return new Pages((cursor) => fetchPage(client, query, status, cursor));
    // `day`: what is today, and seven days ago, has changed.
  }, [client, show, instanceId, since, q, day]);
  const state = useSyncExternalStore(pages.subscribe, pages.getSnapshot);
  useEffect(() => void pages.more(), [pages]);
  useFreshCounts(client, filters, pages, order);
  useRefresh(pages, order);
  return { pages, state };
}

async function fetchPage(client: MonitorClient, query: Record<string, string>, status: string, cursor: string | undefined): Promise<GenerationPage> {
  if (status) return client.api.generations({ ...query, status, limit: LIMIT, ...(cursor !== undefined && { cursor }) });
  // Only those at work are shown: what is asked for is the figures.
  const { counts, today } = await client.api.generations({ ...query, limit: "1" });
  return { items: [], counts, today };
}

function useFreshCounts(client: MonitorClient, filters: Filters, pages: Pages, order: LiveOrder): void {
  const counted = useRef({ pages, order, at: 0 });
  useEffect(() => {
    const before = counted.current;
    if (before.pages !== pages || !order.known) counted.current = { pages, order, at: Date.now() };
    if (before.pages !== pages || before.order === order) return;
    const timer = setTimeout(
      () => {
        counted.current = { pages, order, at: Date.now() };
        client.api.generations({ ...queryOf(filters, Date.now()), limit: "1" }).then((page) => pages.count(page), () => undefined);
      },
      Math.max(500, before.at + COUNT_EVERY - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [client, filters, pages, order]);
}

function useRefresh(pages: Pages, order: LiveOrder): void {
  const { state } = useConnection();
  const known = useRef({ pages, ended: new Set<string>() });
  const missed = useRef(false);
  useEffect(() => {
    if (known.current.pages !== pages) known.current = { pages, ended: new Set(order.ended) };
    const news = order.ended.filter((queueId) => !known.current.ended.has(queueId)).length;
    const isFirst = known.current.ended.size === 0;
    if (news < MANY && !isFirst) return;
    known.current = { pages, ended: new Set(order.ended) };
    if (!isFirst) pages.refresh();
  }, [pages, order]);
  useEffect(() => {
    if (state !== "live") missed.current ||= order.known;
    else if (missed.current) {
      missed.current = false;
      pages.refresh();
    }
  }, [pages, state, order.known]);
}
