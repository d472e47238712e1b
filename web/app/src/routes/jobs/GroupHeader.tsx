import { count, roughly, StateGlyph, useMonitor, type ShownState } from "@comfyui-monitor/react";
import { useNow } from "../../time/useNow.js";
import styles from "./GroupHeader.module.css";
import type { Row } from "./rows.js";

const GLYPHS: Record<Extract<Row, { kind: "group" }>["group"], ShownState> = { running: "running", waiting: "queued", day: "done" };

interface Props {
  row: Extract<Row, { kind: "group" }>;
  index: number;
  top: number;
  isSticky: boolean;
}

/** What stands over the rows of a group; the one on top stays in view. */
export function GroupHeader({ row: { group, title, count: number }, index, top, isSticky }: Props) {
  return (
    <div role="row" aria-rowindex={index} className={isSticky ? styles.sticky : styles.header} style={isSticky ? undefined : { transform: `translateY(${top}px)` }}>
      <span role="rowheader" className={styles.title}>
        <StateGlyph state={GLYPHS[group]} percentage={66} />
        {title}
        {number !== undefined && <span className={styles.count}>{count(number)}</span>}
      </span>
      {group === "waiting" && <NextStart />}
    </div>
  );
}

/** When the first of those that wait should start. */
function NextStart() {
  const client = useMonitor();
  // Often enough: it is a rough figure.
  useNow(2_000);
  const waits = client.live.getSnapshot().jobs.flatMap(({ status, estimatedWaitTime: wait }) => (status === "pending" && wait !== undefined ? [wait] : []));
  if (waits.length === 0) return null;
  const next = Math.min(...waits);
  return <span role="gridcell" className={styles.next}>next starts in {next < 5_000 ? "a few seconds" : `about ${roughly(next)}`}</span>;
}
