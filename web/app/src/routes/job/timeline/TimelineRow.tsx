import { exactDuration, NodeTile } from "@comfyui-monitor/react";
import { classes } from "../../../classes.js";
import { useIsMarked, useMarks } from "../data/marked.js";
import { labelSide } from "./labels.js";
import type { Row } from "./rows.js";
import type { Span } from "./spans.js";
import styles from "./TimelineRow.module.css";

export interface TimelineRowProps {
  row: Row;
  spans: ReadonlyMap<string, Span>;
  domainMs: number;
  label: string;
  isNarrow: boolean;
  onUnfold?: () => void;
}

/** A name and its bars. */
export function TimelineRow({ row, spans, domainMs, label, isNarrow, onUnfold }: TimelineRowProps) {
  const marks = useMarks();
  const ids = row.nodes.map(({ nodeId }) => nodeId);
  const isMarked = useIsMarked(...ids);
  const bars = ids.flatMap((id) => spans.get(id) ?? []);
  const at = (ms: number) => (ms / domainMs) * 100;
  const [start, end] = [Math.min(...bars.map((bar) => bar.start)), Math.max(...bars.map((bar) => bar.until ?? bar.end))];
  const isExpected = bars.every(({ kind }) => kind === "expected");
  const side = bars.length === 0 ? "right" : labelSide(at(start), at(end), isExpected, isNarrow);
  return (
    <div
      className={classes(styles.row, isMarked && styles.marked, row.isChild && styles.child)}
      onPointerEnter={() => marks.mark(ids.find((id) => spans.get(id)?.kind === "running") ?? ids[0])}
      onPointerLeave={() => marks.mark(undefined)}
      title={tooltip(row, bars)}
    >
      <span className={styles.name}>
        {row.isFold ? <span className={styles.diamond} /> : <NodeTile kind={row.kind} size={18} />}
        {onUnfold ? <button type="button" className={styles.unfold} onClick={onUnfold} tabIndex={-1}>{row.name}</button> : <span className={styles.text}>{row.name}</span>}
      </span>
      <span className={styles.chart}>
        {(row.isFold ? bars.slice(0, 1) : bars).map((bar) => <Bar key={bar.nodeId} bar={bar} at={at} />)}
        <span
          className={styles.label}
          data-side={side}
          style={side === "left" ? { right: `${100 - at(start)}%` } : { left: `${bars.length === 0 ? 0 : at(end)}%` }}
        >
          {label}
        </span>
      </span>
    </div>
  );
}

function Bar({ bar, at }: { bar: Span; at: (ms: number) => number }) {
  const { kind, start, end, until } = bar;
  if (kind === "cached") return <span className={styles.diamondBar} style={{ left: `${at(start)}%` }} />;
  return (
    <>
      {until !== undefined && until > end && <span className={styles.bar} data-kind="expected" style={place(at(end), at(until))} />}
      <span className={styles.bar} data-kind={kind} data-guess={bar.isGuess || undefined} data-open={until !== undefined || undefined} style={place(at(start), at(end))} />
    </>
  );
}

function place(from: number, to: number) {
  return { left: `${Math.min(from, 99.5)}%`, width: `${Math.max(0, Math.min(to, 100) - from)}%` };
}

function tooltip(row: Row, bars: readonly Span[]): string {
  const bar = bars.length === 1 ? bars[0] : undefined;
  if (!bar || bar.kind === "cached" || bar.kind === "expected") return row.name;
  const from = bar.isGuess ? "" : `, from ${exactDuration(bar.start)}`;
  return `${row.name}${from}, ${exactDuration(bar.end - bar.start)}`;
}
