"use client";
import { memo, useRef, useState, type CSSProperties, type KeyboardEvent } from "react";
import type { StripSegment } from "../core/strip.js";
import { laidOutStrip, type LaidOutStrip } from "../core/stripLayout.js";
import { useCellGlide, useHeldLayout, useWidth } from "../hooks/useStripLayout.js";
import { useGlide } from "../hooks/useGlide.js";
import { StripCellView } from "./StripCellView.js";
import { cellSentence, labelsOf } from "./stripWords.js";

export interface RunStripProps {
  segments: StripSegment[];
  /** Of the whole job; where the head stands. */
  percentage: number;
  /** `ended`: the light is out. */
  state: "waiting" | "running" | "retrying" | "stalled" | "ended" | "failed";
  height: 14 | 10 | 6 | 4;
  /** What has run so far (ms): shares out the lit part. */
  elapsedMs?: number | undefined;
  /** Names under the segments that have room for theirs (14 px strips). */
  labels?: boolean;
  /** Read out: "66%, K-Sampler runs, 3 of 7 nodes finished". */
  label: string;
  /** The node that is pointed at somewhere on the page, and being pointed at here. */
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** The width that small strips, of which there are many, are laid out for without being measured. */
const ASSUMED = { 14: 720, 10: 360, 6: 150, 4: 172 } as const;

/** The job itself as a bar: one segment a node, as wide as its time. */
export const RunStrip = memo(function RunStrip(props: RunStripProps) {
  const { segments, percentage, state, height, elapsedMs, labels = false, label, marked, onMark } = props;
  const bar = useRef<HTMLDivElement>(null);
  const measured = useWidth(bar, height >= 10);
  const width = measured ?? ASSUMED[height];
  const layout = useHeldLayout(() => laidOutStrip(segments, percentage, elapsedMs, width, height), {
    about: `${state} ${width} ${segments.map((segment) => segment.state).join("")}`,
    head: (width * percentage) / 100,
  });
  useCellGlide(bar, layout, height >= 10);
  const glides = useGlide(percentage);
  const [pointed, point] = useState<number>();

  const pointAt = (at: number | undefined) => {
    point(at);
    onMark?.(at === undefined ? undefined : layout.cells[at]?.main?.nodeId);
  };
  const speaks = height >= 10;
  const handlers = speaks && {
    onPointerLeave: () => pointAt(undefined),
    onBlur: () => pointAt(undefined),
    onKeyDown: (event: KeyboardEvent) => {
      const next = moved(event.key, pointed, layout.cells.length);
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      pointAt(next === -1 ? undefined : next);
    },
  };
  const live = state === "running" || state === "stalled" || (state === "retrying" && layout.cells.some(({ look }) => look === "running"));
  const style = { "--cm-glide": `${glides}ms` } as CSSProperties;
  return (
    <div className={`cm-strip cm-strip--${height} cm-strip--${state}${live ? " cm-strip--live" : ""}`} style={style}>
      <div ref={bar} className="cm-strip__bar" role="img" aria-label={label} tabIndex={speaks && onMark ? 0 : undefined} {...handlers}>
        {layout.cells.map((cell, at) => (
          <StripCellView
            key={cell.key}
            cell={cell}
            head={layout.head}
            total={layout.width}
            dimmed={marked !== undefined && !cell.segments.some(({ nodeId }) => nodeId === marked)}
            at={at}
            onPoint={speaks ? pointAt : undefined}
          />
        ))}
      </div>
      {labels && height === 14 && <Labels layout={layout} />}
      {pointed !== undefined && <Sentence layout={layout} at={pointed} />}
    </div>
  );
});

function Labels({ layout }: { layout: LaidOutStrip }) {
  return (
    <div className="cm-strip__labels" aria-hidden>
      {labelsOf(layout).map(({ key, title, x, width, runs }) => (
        <span key={key} className={`cm-strip__label${runs ? " cm-strip__label--runs" : ""}`} style={{ left: `${x}%`, maxWidth: `${width}%` }}>
          {title}
        </span>
      ))}
    </div>
  );
}

function Sentence({ layout, at }: { layout: LaidOutStrip; at: number }) {
  const cell = layout.cells[at];
  const said = cell && cellSentence(cell);
  if (!said || layout.width === 0) return null;
  const middle = `${(100 * (cell.x + cell.width / 2)) / layout.width}%`;
  return (
    <span className="cm-strip__said" role="status" style={{ "--cm-at": middle } as CSSProperties}>
      {said}
    </span>
  );
}

/** Where a key leads to; -1: nowhere any more. */
function moved(key: string, from: number | undefined, count: number): number | undefined {
  if (key === "Escape") return from === undefined ? undefined : -1;
  if (key === "ArrowRight") return Math.min(count - 1, from === undefined ? 0 : from + 1);
  if (key === "ArrowLeft") return Math.max(0, from === undefined ? count - 1 : from - 1);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}
