import { memo, type CSSProperties } from "react";
import type { CellLook, StripCell } from "../core/stripLayout.js";

interface StripCellViewProps {
  cell: StripCell;
  /** Where the light of the whole strip ends, and its width, in pixels. */
  head: number;
  total: number;
  dimmed: boolean;
  at: number;
  onPoint: ((at: number) => void) | undefined;
}

/** One cell of a run strip. */
export const StripCellView = memo(function StripCellView({ cell, head, total, dimmed, at, onPoint }: StripCellViewProps) {
  const { look, x, width, lit, lanes, key } = cell;
  const place = { left: part(x, total), width: part(width, total) };
  return (
    <div
      className={`cm-cell cm-cell--${look}${dimmed ? " cm-cell--dimmed" : ""}`}
      style={place}
      data-cell={key}
      onPointerEnter={onPoint && (() => onPoint(at))}
    >
      {lanes.length === 0 && lit > 0 && <Lit look={look} x={x} width={width} lit={lit} head={head} />}
      {lanes.slice(0, 3).map(({ segment, look, lit }, lane) => (
        <div key={segment.nodeId ?? lane} className="cm-cell__lane">
          <Lit look={look} x={x} width={width} lit={lit} head={x + width * lit} />
        </div>
      ))}
    </div>
  );
}, sameCell);

/** Layouts are made anew each time; what is in them is mostly the same. */
function sameCell(a: StripCellViewProps, b: StripCellViewProps): boolean {
  const same = a.total === b.total && a.dimmed === b.dimmed && a.at === b.at && a.onPoint === b.onPoint;
  const cell = a.cell.x === b.cell.x && a.cell.width === b.cell.width && a.cell.lit === b.cell.lit && a.cell.look === b.cell.look;
  return same && cell && (a.head === b.head || a.cell.lit === 0) && a.cell.lanes.length === 0 && b.cell.lanes.length === 0;
}

interface LitProps {
  look: CellLook;
  x: number;
  width: number;
  lit: number;
  head: number;
}

/** What is lit of a cell: moved in from the left, with its slice of the one gradient that ends at the head. */
function Lit({ look, x, width, lit, head }: LitProps) {
  const whole = lit >= 1;
  const over = head - width;
  const style = {
    "--cm-dark": `${round((lit - 1) * 100)}%`,
    "--cm-span": `${round((100 * head) / width)}%`,
    "--cm-slice": whole ? `${over > 0.01 ? round((100 * x) / over) : 0}%` : "100%",
  } as CSSProperties;
  return <div className={`cm-cell__lit cm-cell__lit--${look}`} style={style} />;
}

function part(px: number, total: number): string {
  return total > 0 ? `${round((100 * px) / total)}%` : "0%";
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
