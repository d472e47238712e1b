import { clock, count, isoTime, type JobEvent } from "@comfyui-monitor/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useMemo, useRef } from "react";
import { classes } from "../../../classes.js";
import { useAnyMarked, useIsMarked, useMarks } from "../data/marked.js";
import { lineOf, newestFirst, type EventLine } from "./eventLines.js";
import styles from "./Events.module.css";

export interface EventsProps {
  events: readonly JobEvent[];
  progress: readonly EventLine[];
  titleOf: (nodeId: string) => string | undefined;
  /** On a phone it has a tab of its own. */
  isTall?: boolean;
}

const LINE = 23;
const LINES_SHOWN = 9;
const LINES_TALL = 24;

/** What happened, newest first: all that is kept, and the steps that were heard here. */
export const Events = memo(function Events({ events, progress, titleOf, isTall = false }: EventsProps) {
  const most = isTall ? LINES_TALL : LINES_SHOWN;
  const durable = useMemo(() => events.map((event) => lineOf(event, titleOf)), [events, titleOf]);
  const lines = useMemo(() => newestFirst(durable, progress), [durable, progress]);
  const scroll = useRef<HTMLDivElement>(null);
  const isMarking = useAnyMarked();
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => LINE,
    overscan: 6,
    getItemKey: (at) => lines[at]?.key ?? at,
  });
  return (
    <section className={styles.events} aria-label="Events">
      <h2 className={styles.head}>
        Events <span className={styles.count}>{lines.length > 0 && count(lines.length)}</span>
      </h2>
      {lines.length === 0 && <p className={styles.none}>Nothing has happened yet</p>}
      <div
        ref={scroll}
        className={styles.scroll}
        style={{ height: Math.min(lines.length, most) * LINE }}
        tabIndex={lines.length > most ? 0 : undefined}
        role="list"
        data-marking={isMarking || undefined}
      >
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const line = lines[index];
            return line && <Line key={key} line={line} start={start} at={index + 1} of={lines.length} />;
          })}
        </div>
      </div>
    </section>
  );
});

function Line({ line, start, at, of }: { line: EventLine; start: number; at: number; of: number }) {
  const marks = useMarks();
  const isMarked = useIsMarked(line.nodeId ?? "\0");
  return (
    <div
      role="listitem"
      aria-posinset={at}
      aria-setsize={of}
      className={classes(styles.line, line.nodeId !== undefined && styles.ofNode, isMarked && styles.marked)}
      style={{ transform: `translateY(${start}px)` }}
      onPointerEnter={() => marks.mark(line.nodeId)}
      onPointerLeave={() => marks.mark(undefined)}
    >
      <time className={styles.time} dateTime={line.at} title={isoTime(line.at)}>{timeOf(line.at)}</time>
      <span className={classes(styles.name, line.isBad && styles.bad)} title={line.name}>{line.name}</span>
      <span className={styles.what} title={line.what}>{line.what}</span>
    </div>
  );
}

/** To the millisecond, as a log has it. */
function timeOf(at: string): string {
  const then = new Date(at);
  // Of its own day, so that it is the time and not the date.
  const seconds = clock(then.getTime(), then.getTime());
  return `${seconds}.${String(then.getMilliseconds()).padStart(3, "0")}`;
}
