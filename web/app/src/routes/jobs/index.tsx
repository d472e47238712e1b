import { useInstances } from "@comfyui-monitor/react";
import { Plus } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { Button } from "../../controls/Button.js";
import { Loading } from "../../controls/Loading.js";
import { Page } from "../../frame/Page.js";
import { useCurrentJobs } from "../../jobs/current.js";
import { useNow } from "../../time/useNow.js";
import { FilterBar } from "./FilterBar.js";
import { addressOf, dayStart, readFilters, type Filters } from "./filters.js";
import { BulkBar, Foot } from "./Foot.js";
import { JobList, type JobListHandle } from "./JobList.js";
import styles from "./Jobs.module.css";
import { JobsEmpty } from "./JobsEmpty.js";
import { Shapes } from "./ListEnd.js";
import { tabCounts } from "./counts.js";
import { rowsOf } from "./rows.js";
import { cleared, extendedTo, NONE, toggled, within, type Selection } from "./selection.js";
import { figuresOf } from "./told.js";
import { useHeld, useListed } from "./useListed.js";
import { useFresh } from "./useFresh.js";
import { useJobs } from "./useJobs.js";
import { useListKeys } from "./useListKeys.js";
import { useMedia } from "./useMedia.js";
import { usePages } from "./usePages.js";

/** All jobs of all clients: those that run, those that wait, and what became of the others. */
export default function Jobs() {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filters = useMemo(() => readFilters(search), [search]);
  const onFilters = useCallback((next: Filters) => navigate(addressOf(next), { replace: true }), [navigate]);
  const open = useCallback((queueId: string) => navigate(`/jobs/${encodeURIComponent(queueId)}`), [navigate]);
  const isPhone = useMedia("(max-width: 640px)");
  const day = dayStart(useNow(60_000));

  const { order, listed, counts: atWork } = useListed(filters, day);
  const { pages, state } = usePages(filters, day, order);
  const { instances } = useInstances();
  const servers = useServers(instances);

  const [held, hold] = useState({ scrolled: false, pointed: false });
  const onHold = useCallback(
    (why: "scrolled" | "pointed", holds: boolean) => hold((now) => (now[why] === holds ? now : { ...now, [why]: holds })),
    [],
  );
  const about = `${order.known} ${addressOf(filters)}`;
  const { shown, fresh: news, release } = useHeld(listed, held.scrolled || held.pointed, about);
  const fresh = useFresh(shown, about);
  const [unfolded, setUnfolded] = useState(false);
  const folds = !unfolded && filters.show === "all";
  const more = state.more && (filters.show === "all" || filters.show === "done" || filters.show === "wrong");
  const rows = useMemo(
    () => rowsOf({ ...shown, pages: state.entries, more, folds, now: Date.now() }),
    [shown, state.entries, more, folds, day],
  );
  const ids = useMemo(() => rows.flatMap((row) => (row.kind === "job" ? [row.queueId] : [])), [rows]);

  const list = useRef<JobListHandle>(null);
  const field = useRef<HTMLInputElement>(null);
  const [chosen, choose] = useState<Selection>(NONE);
  const selection = useMemo(() => within(chosen, new Set(ids)), [chosen, ids]);
  const change = useCallback((next: Selection) => {
    choose(next);
    if (next.current !== undefined) list.current?.show(next.current);
  }, []);
  const onKeyDown = useListKeys({ ids, selection, change, onOpen: open, onSearch: () => field.current?.select() });
  const acted = useMemo(
    () => (selection.selected.size > 0 ? ids.filter((id) => selection.selected.has(id)) : selection.current === undefined ? [] : [selection.current]),
    [ids, selection],
  );
  const jobs = useJobs(acted, pages);
  useCurrentJobs(jobs);

  useEffect(() => list.current?.toTop(), [about]);
  const counts = tabCounts(state.counts, order.known ? atWork : undefined);
  const isEmpty = rows.length === 0 || (rows.length === 1 && rows[0]?.kind === "end" && !state.problem);
  const isKnown = order.known && (state.ready || !more);

  return (
    <Page title="Jobs" wide actions={<Actions figures={state.today && figuresOf(state.today)} onNew={() => navigate("/")} />}>
      <div className={styles.jobs}>
        <FilterBar filters={filters} counts={counts} instances={servers.all} searchRef={field} onFilters={onFilters} />
        {isEmpty ? (
          <div className={styles.empty}>
            {isKnown ? <JobsEmpty filters={filters} onFilters={onFilters} /> : <Loading><Shapes rows={6} /></Loading>}
          </div>
        ) : (
          <div className={styles.rows}>
            {news > 0 && (
              <button type="button" className={styles.news} onClick={() => (release(), list.current?.toTop())}>{news} new</button>
            )}
            <JobList
              rows={rows}
              pages={pages}
              more={more}
              problem={state.problem}
              isPhone={isPhone}
              selection={selection}
              dayGlyph={filters.show === "wrong" ? "failed" : "done"}
              fresh={fresh}
              instanceNames={servers.names}
              handle={list}
              onHold={onHold}
              onOpen={open}
              onSelect={(id, extend) => choose((now) => (extend ? extendedTo(now, ids, id) : toggled(now, id)))}
              onKeyDown={onKeyDown}
              onUnfold={() => setUnfolded(true)}
            />
          </div>
        )}
        {selection.selected.size > 0 ? <BulkBar jobs={jobs} onClear={() => choose(cleared)} /> : <Foot total={counts?.[filters.show]} />}
      </div>
    </Page>
  );
}

function Actions({ figures, onNew }: { figures: { value: string; of: string }[] | undefined; onNew: () => void }) {
  return (
    <>
      {figures && (
        <ul className={styles.figures} aria-label="Today">
          {figures.map(({ value, of }) => <li key={of}><b>{value}</b> {of}</li>)}
        </ul>
      )}
      <Button variant="primary" icon={<Plus />} onClick={onNew}>New</Button>
    </>
  );
}

/** Servers by name; it changes only where one of them is called otherwise. */
function useServers(instances: readonly { instanceId: string; name: string }[]) {
  const said = JSON.stringify(instances.map(({ instanceId, name }) => [instanceId, name]));
  return useMemo(() => {
    const pairs = JSON.parse(said) as [string, string][];
    return { all: pairs.map(([instanceId, name]) => ({ instanceId, name })), names: new Map(pairs) };
  }, [said]);
}
