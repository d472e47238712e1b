import type { ShownState } from "@comfyui-monitor/react";
import { useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useMemo, useLayoutEffect, useRef, useState, type CSSProperties, type KeyboardEvent, type MouseEvent, type PointerEvent, type Ref, type RefObject } from "react";
import { classes } from "../../classes.js";
import { useConnection } from "../../connection/useConnection.js";
import { useJobActions } from "../../jobs/actions.js";
import { GroupHeader } from "./GroupHeader.js";
import styles from "./JobList.module.css";
import { JobRow, rowId } from "./JobRow.js";
import { ListEnd } from "./ListEnd.js";
import type { Pages } from "./pages.js";
import { headerAbove, inReach, sizeOf, type Row } from "./rows.js";
import type { Selection } from "./selection.js";

export interface JobListHandle {
  /** Brings a row into view. */
  show: (queueId: string) => void;
  toTop: () => void;
}

interface Props {
  rows: readonly Row[];
  pages: Pages;
  more: boolean;
  problem: string | undefined;
  isPhone: boolean;
  selection: Selection;
  /** What stands before the name of a day. */
  dayGlyph: ShownState;
  /** Rows that have just come. */
  fresh: ReadonlySet<string>;
  instanceNames: ReadonlyMap<string, string>;
  handle: Ref<JobListHandle>;
  /** Whether it is scrolled, or pointed at: then its rows stay where they are. */
  onHold: (why: "scrolled" | "pointed", holds: boolean) => void;
  onOpen: (queueId: string) => void;
  onSelect: (queueId: string, extend: boolean) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  onUnfold: () => void;
}

/** Rows before the end of what is known, at which more is fetched. */
const AHEAD = 30;
const OVERSCAN = 8;
/** Running jobs up to which their strips glide: each that does is a layer, made anew with every frame. */
const MANY = 12;

/** The rows that are in view and a few around them, however many there are. All events come to the list itself. */
export function JobList({ rows, pages, more, problem, isPhone, selection, dayGlyph, fresh, instanceNames, handle, onHold, onOpen, onSelect, onKeyDown, onUnfold }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const bar = useScrollBar(scroller);
  const { isOffline, lostAt } = useConnection();
  const { cancelling } = useJobActions();
  const rangeExtractor = useCallback((range: Range) => inReach(rows, range), [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    // Sizes are known and never measured; the identity of this function says when they have changed.
    getItemKey: useCallback((index: number) => `${rows[index]?.key}${isPhone ? " " : ""}`, [rows, isPhone]),
    estimateSize: (index) => sizeOf(rows[index], isPhone),
    rangeExtractor,
    overscan: OVERSCAN,
    scrollPaddingStart: 40,
    scrollPaddingEnd: 8,
    paddingEnd: 12,
    useFlushSync: false,
    initialRect: { width: 1200, height: 800 },
  });
  const { startIndex: from = 0, endIndex: to = -1 } = virtual.range ?? {};
  const sticky = headerAbove(rows, from);

  useEffect(() => {
    pages.use(rows.slice(from, to + 1).flatMap((row) => (row.kind === "job" ? [row.queueId] : [])));
    if (more && !problem && to >= rows.length - AHEAD) void pages.more();
  }, [pages, rows, from, to, more, problem]);

  // Not read from the element in a listener of its own: that would lay the page out twice for every frame.
  const isScrolled = (virtual.scrollOffset ?? 0) > 4;
  useEffect(() => onHold("scrolled", isScrolled), [onHold, isScrolled]);

  useEffect(
    () => () => {
      onHold("pointed", false);
      onHold("scrolled", false);
    },
    [onHold],
  );

  useImperativeHandle(handle, () => ({
    show: (queueId) => {
      const index = rows.findIndex((row) => row.kind === "job" && row.queueId === queueId);
      if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
    },
    toTop: () => virtual.scrollToOffset(0),
  }), [rows, virtual]);

  const onClick = (event: MouseEvent) => {
    const target = event.target as Element;
    if (target.closest("[data-unfold]")) return onUnfold();
    const queueId = target.closest<HTMLElement>("[data-row]")?.dataset.row;
    // A link opened elsewhere is the browser's to open.
    if (queueId === undefined || event.ctrlKey || event.metaKey || event.button !== 0) return;
    event.preventDefault();
    if (event.shiftKey || target.closest("[data-select]")) onSelect(queueId, event.shiftKey);
    else onOpen(queueId);
  };
  const pointed = (holds: boolean) => (event: PointerEvent) => event.pointerType !== "touch" && onHold("pointed", holds);
  const active = useMemo(() => rows.some((row) => row.key === selection.current), [rows, selection.current]);

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label="Jobs"
      aria-multiselectable="true"
      aria-rowcount={more ? -1 : rows.length}
      aria-activedescendant={active && selection.current !== undefined ? rowId(selection.current) : undefined}
      tabIndex={0}
      className={classes(styles.list, running(rows) > MANY && styles.still)}
      style={{ "--jobs-bar": `${bar}px` } as CSSProperties}
      onClick={onClick}
      onKeyDown={onKeyDown}
      onPointerEnter={pointed(true)}
      onPointerLeave={pointed(false)}
    >
      <div role="presentation" className={styles.all} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, size, key }) => {
          const row = rows[index];
          if (!row) return null;
          if (row.kind === "group") return <GroupHeader key={row.key} row={row} index={index + 1} top={start} isSticky={index === sticky} glyph={dayGlyph} />;
          if (row.kind !== "job") return <ListEnd key={row.key} row={row} index={index + 1} top={start} problem={problem} onRetry={() => void pages.more()} />;
          const { queueId } = row;
          const paged = pages.job(queueId);
          return (
            <JobRow
              key={key}
              queueId={queueId}
              paged={paged}
              index={index + 1}
              top={start}
              height={size}
              isCurrent={selection.current === queueId}
              isSelected={selection.selected.has(queueId)}
              isCancelling={cancelling.has(queueId)}
              isFresh={fresh.has(queueId)}
              inView={index >= from && index <= to}
              lostAt={isOffline ? (lostAt ?? 0) : undefined}
              names={instanceNames}
              onLinkEnded={pages.renew}
            />
          );
        })}
      </div>
    </div>
  );
}

function running(rows: readonly Row[]): number {
  const [first] = rows;
  return first?.kind === "group" && first.group === "running" ? (first.count ?? 0) : 0;
}

/** How much room the scroll bar takes: rows end where the top bar does, with one or without. */
function useScrollBar(scroller: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element) setWidth(element.offsetWidth - element.clientWidth);
  }, [scroller]);
  return width;
}
