import { count } from "@comfyui-monitor/react";
import { Button } from "../../controls/Button.js";
import { Loading, Shape } from "../../controls/Loading.js";
import styles from "./ListEnd.module.css";
import type { Row } from "./rows.js";

interface Props {
  row: Exclude<Row, { kind: "job" | "group" }>;
  index: number;
  top: number;
  problem: string | undefined;
  onRetry: () => void;
}

/** Rows that are no jobs: waiting ones that are folded, and the place of the next page. */
export function ListEnd({ row, index, top, problem, onRetry }: Props) {
  return (
    <div role="row" aria-rowindex={index} className={styles.row} style={{ transform: `translateY(${top}px)` }}>
      <span role="gridcell" className={styles.cell}>
        {row.kind === "folded" ? (
          <button type="button" tabIndex={-1} data-unfold="" className={styles.more}>{count(row.count)} more waiting</button>
        ) : problem === undefined ? (
          <Loading><Shapes /></Loading>
        ) : (
          <span className={styles.problem} role="alert">
            Older jobs are not here: {problem}
            <Button onClick={onRetry}>Try again</Button>
          </span>
        )}
      </span>
    </div>
  );
}

/** Grey shapes of two rows. */
export function Shapes({ rows = 2 }: { rows?: number }) {
  return Array.from({ length: rows }, (_, row) => (
    <span key={row} className={styles.shapes} style={{ opacity: Math.max(0.2, 1 - row * 0.16) }}>
      <Shape width={16} height={16} round />
      <Shape width={32} height={32} />
      <Shape width={`${44 - ((row * 17) % 29)}%`} />
      <Shape width={112} />
      <Shape width={150} height={6} />
    </span>
  ));
}
