import { elapsedAt, etaAt, isEnded, stopwatch, type JobState } from "@comfyui-monitor/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useNow } from "../../../time/useNow.js";
import { useAnyMarked } from "../data/marked.js";
import { labelOf, roomFor } from "./labels.js";
import { rowsOf, type Row } from "./rows.js";
import { spansOf, totalOf } from "./spans.js";
import type { Starts } from "./starts.js";
import { axisOf, type Axis } from "./ticks.js";
import styles from "./Timeline.module.css";
import { TimelineRow } from "./TimelineRow.js";
import { TimelineTable } from "./TimelineTable.js";

export interface TimelineProps {
  state: JobState;
  starts: Starts;
  names: ReadonlyMap<string, string>;
  /** Nothing is heard any more: time stands still. */
  isOffline: boolean;
  /** Narrow: fewer marks on the axis. */
  isNarrow?: boolean;
}

export const ROW_HEIGHT = 29;
/** More lines than these scroll in a box of their own. */
const MOST_ROWS = 24;
/** How often the bars of what runs grow (ms). */
const EVERY = 200;

/** When each node ran, runs, and should run. */
export function Timeline({ state, starts, names, isOffline, isNarrow = false }: TimelineProps) {
  const [isUnfolded, setUnfolded] = useState(false);
  const { generation } = state;
  const nodes = generation?.nodes ?? [];
  const isMoving = generation?.status === "processing";
  const now = useTime(isMoving && !isOffline, state);
  const rows = useMemo(() => rowsOf(nodes, names, isUnfolded), [nodes, names, isUnfolded]);
  const fold = useMemo(() => rows.find(({ isFold }) => isFold), [rows]);
  if (!generation) return null;
  const elapsedMs = elapsedAt(state, now);
  const since = Math.max(0, now - state.heardAt);
  const runningMs = new Map(state.running.map((node) => [node.nodeId, node.elapsedMs + (isMoving ? since : 0)]));
  const spans = spansOf({ nodes, generation, starts, elapsedMs, runningMs, eta: etaAt(state, now) });
  const total = totalOf(spans, elapsedMs);
  const axis = axisOf(total, !isEnded(generation), roomFor(spans, total, isNarrow), isNarrow ? 4 : 7);
  return (
    <section className={styles.timeline} aria-label="Timeline">
      <Head axis={axis} nowMs={isMoving ? elapsedMs : undefined}>
        {(isUnfolded || fold) && (
          <button type="button" className={styles.fold} aria-pressed={isUnfolded} onClick={() => setUnfolded((is) => !is)}>
            {fold ? `Show ${fold.nodes.length} cached` : "Fold cached"}
          </button>
        )}
      </Head>
      <Rows rows={rows} follow={rows.findIndex((row) => row.nodes.some((node) => node.state === "running"))}>
        {(row) => (
          <TimelineRow
            row={row}
            spans={spans}
            domainMs={axis.domainMs}
            isNarrow={isNarrow}
            label={labelOf(row, spans, runningMs)}
            {...(row.isFold && { onUnfold: () => setUnfolded(true) })}
          />
        )}
      </Rows>
      <Rules axis={axis} nowMs={isMoving ? elapsedMs : undefined} />
      {nodes.length === 0 && <p className={styles.none}>{isEnded(generation) ? "Nothing is known of its nodes" : "Nodes stand here when the job starts"}</p>}
      <TimelineTable nodes={nodes} names={names} generation={generation} starts={starts} />
    </section>
  );
}

/** The clock while something runs; else the moment of the last word. */
function useTime(isMoving: boolean, { heardAt }: JobState): number {
  const now = useNow(EVERY);
  return isMoving ? Math.max(now, heardAt) : heardAt;
}

function Head({ axis, nowMs, children }: { axis: Axis; nowMs: number | undefined; children: ReactNode }) {
  const at = (ms: number) => `${(ms / axis.domainMs) * 100}%`;
  const isNear = (ms: number) => nowMs !== undefined && Math.abs(ms - nowMs) < axis.domainMs * 0.08;
  return (
    <div className={styles.head}>
      <h2 className={styles.title}>
        Timeline
        {children}
      </h2>
      <div className={styles.axis} aria-hidden="true">
        {axis.ticks.map(({ ms, label }) => (
          <span key={ms} className={styles.tick} style={{ left: at(ms) }} data-edge={ms === 0 ? "first" : ms > axis.domainMs * 0.97 ? "last" : undefined}>
            {isNear(ms) ? "" : label}
          </span>
        ))}
        {nowMs !== undefined && <span className={styles.nowLabel} style={{ left: at(nowMs) }}>now {stopwatch(nowMs)}</span>}
      </div>
    </div>
  );
}

/** Lines through all rows: the marks of the axis, and now. */
function Rules({ axis, nowMs }: { axis: Axis; nowMs: number | undefined }) {
  return (
    <div className={styles.rules} aria-hidden="true">
      {axis.ticks.map(({ ms }) => <span key={ms} className={styles.rule} style={{ left: `${(ms / axis.domainMs) * 100}%` }} />)}
      {nowMs !== undefined && <span className={styles.now} style={{ left: `${(nowMs / axis.domainMs) * 100}%` }} />}
    </div>
  );
}

/** All of them where they are few, else those in view. */
function Rows({ rows, follow, children }: { rows: readonly Row[]; follow: number; children: (row: Row) => ReactNode }) {
  const isMarking = useAnyMarked();
  const scroll = useRef<HTMLDivElement>(null);
  const isLong = rows.length > MOST_ROWS;
  const virtual = useVirtualizer({
    count: isLong ? rows.length : 0,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    getItemKey: (at) => rows[at]?.key ?? at,
  });
  // What runs stays in view, until somebody scrolls.
  const isHeld = useRef(false);
  const hold = () => {
    isHeld.current = true;
  };
  useEffect(() => {
    if (isLong && follow >= 0 && !isHeld.current) virtual.scrollToIndex(Math.min(rows.length - 1, follow + 2), { align: "auto" });
  }, [isLong, follow, virtual, rows.length]);
  const marking = { "data-marking": isMarking || undefined, "aria-hidden": true as const };
  if (!isLong) return <div className={styles.rows} {...marking}>{rows.map((row) => <div key={row.key}>{children(row)}</div>)}</div>;
  return (
    <div ref={scroll} className={styles.scroll} style={{ height: MOST_ROWS * ROW_HEIGHT }} onWheel={hold} onPointerDown={hold} {...marking}>
      <div className={styles.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          return row && <div key={key} className={styles.virtual} style={{ transform: `translateY(${start}px)` }}>{children(row)}</div>;
        })}
      </div>
    </div>
  );
}
