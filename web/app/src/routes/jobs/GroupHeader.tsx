import { count, roughly, StateGlyph, useMonitor, type ShownState } from "@comfyui-monitor/react";
import { useConnection } from "../../connection/useConnection.js";
import { useNow } from "../../time/useNow.js";
import styles from "./GroupHeader.module.css";
import type { Row } from "./rows.js";

const GLYPHS = { running: "running", waiting: "queued" } as const;

interface Props {
  row: Extract<Row, { kind: "group" }>;
  index: number;
  top: number;
  isSticky: boolean;
  /** Of a day. */
  glyph: ShownState;
}

/** What stands over the rows of a group; the one on top stays in view. */
export function GroupHeader({ row: { group, title, count: number }, index, top, isSticky, glyph }: Props) {
  return (
    <div role="row" aria-rowindex={index} className={isSticky ? styles.sticky : styles.header} style={isSticky ? undefined : { transform: `translateY(${top}px)` }}>
      <span role="rowheader" className={styles.title}>
        <StateGlyph state={group === "day" ? glyph : GLYPHS[group]} percentage={66} />
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
  const { isOffline } = useConnection();
  const waits = client.live.getSnapshot().jobs.flatMap(({ status, estimatedWaitTime: wait }) => (status === "pending" && wait !== undefined ? [wait] : []));
  if (waits.length === 0 || isOffline) return null;
  const next = Math.min(...waits);
  return <span role="gridcell" className={styles.next}>next starts in {next < 5_000 ? "a few seconds" : `about ${roughly(next)}`}</span>;
}
