import { count, exactDuration, NodeTile, type ClassPerformance } from "@comfyui-monitor/react";
import { ChevronRight } from "lucide-react";
import { memo, useId } from "react";
import type { Axis } from "./axis.js";
import { Drivers } from "./Drivers.js";
import { driversSentence, shareWords, took } from "./drivers.js";
import styles from "./Table.module.css";
import { Ticks } from "./Ticks.js";

export interface RowProps {
  item: ClassPerformance;
  axis: Axis;
  /** The largest share of all, which fills its bar. */
  largest: number;
  open: boolean;
  onToggle: (classType: string) => void;
}

/** What the nodes of one class took. */
export const Row = memo(function Row({ item, axis, largest, open, onToggle }: RowProps) {
  const { classType, title, kind, runs, medianMs, p90Ms, share, drivers } = item;
  const id = useId();
  return (
    <div className={styles.item} data-open={open || undefined}>
      <div role="row" className={styles.row} onClick={() => onToggle(classType)}>
        <div role="cell" className={styles.title}>
          <button
            type="button"
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            title={driversSentence(drivers)}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(classType);
            }}
          >
            <ChevronRight aria-hidden="true" className={styles.chevron} />
            <NodeTile kind={kind} size={26} />
            <span className={styles.name} title={title}>{title}</span>
          </button>
        </div>
        <div role="cell" className={styles.classType} title={classType}>{classType}</div>
        <div role="cell" className={styles.runs} data-unit={runs === 1 ? " run" : " runs"}>{count(runs)}</div>
        <div role="cell" className={styles.medianMs} title={exactDuration(medianMs)}>{took(medianMs)}</div>
        <div role="cell" className={styles.p90Ms} title={exactDuration(p90Ms)}>{took(p90Ms)}</div>
        <div role="cell" className={styles.share}>
          <span className={styles.bar} aria-hidden="true">
            <span style={{ transform: `scaleX(${largest > 0 ? share / largest : 0})` }} />
          </span>
          <span>{shareWords(share)}</span>
        </div>
        <div role="cell" className={styles.ticks}><Ticks item={item} axis={axis} /></div>
      </div>
      {open && (
        <div role="row" id={id} className={styles.drivers}>
          <div role="cell" aria-colspan={7}><Drivers drivers={drivers} /></div>
        </div>
      )}
    </div>
  );
});
