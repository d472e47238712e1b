import type { ClassPerformance } from "@comfyui-monitor/react";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useDeferredValue, useMemo, useState, type FocusEvent } from "react";
import { axisOf } from "./axis.js";
import { Row } from "./Row.js";
import { inHeldOrder, inOrder, nextSort, type Column, type Sort } from "./sorting.js";
import styles from "./Table.module.css";
import { AxisMarks } from "./Ticks.js";

export const COLUMNS: readonly { by: Column; label: string; title?: string }[] = [
  { by: "title", label: "Node" },
  { by: "classType", label: "Class" },
  { by: "runs", label: "Runs" },
  { by: "medianMs", label: "Median" },
  { by: "p90Ms", label: "9 of 10 within", title: "The ninth tenth (p90)" },
  { by: "share", label: "Share of all time" },
];

/** Rows of the first paint: more than a screen has. */
const AT_FIRST = 40;

export interface TableProps {
  items: ClassPerformance[];
  sort: Sort;
  onSort: (sort: Sort) => void;
}

/** A row a class; it opens to what makes it longer or shorter. */
export function Table({ items, sort, onSort }: TableProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [held, setHeld] = useState<string[] | undefined>();
  const axis = useMemo(() => axisOf(items), [items]);
  const largest = useMemo(() => items.reduce((most, { share }) => Math.max(most, share), 0), [items]);
  const rows = useMemo(() => (held ? inHeldOrder(items, held) : inOrder(items, sort)), [items, sort, held]);
  const whole = useDeferredValue(true, false);
  const hold = () => setHeld((already) => already ?? rows.map(({ classType }) => classType));
  const letGo = () => setHeld(undefined);
  const blurred = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) letGo();
  };
  const toggle = (classType: string) => {
    const next = new Set(open);
    if (!next.delete(classType)) next.add(classType);
    setOpen(next);
  };
  return (
    <div role="table" aria-label="What each node class costs" className={styles.table}>
      <div role="rowgroup" className={styles.head}>
        <div role="row" className={styles.row}>
          {COLUMNS.map(({ by, label, title }) => (
            <div key={by} role="columnheader" className={styles[by]} aria-sort={ariaSort(sort, by)}>
              <button type="button" title={title} onClick={() => onSort(nextSort(sort, by))}>
                {label}
                {sort.by === by && (sort.descending ? <ArrowDown aria-hidden="true" /> : <ArrowUp aria-hidden="true" />)}
              </button>
            </div>
          ))}
          <div role="columnheader" className={styles.ticks} aria-label="Distribution">
            <AxisMarks axis={axis} />
          </div>
        </div>
      </div>
      <div role="rowgroup" onPointerEnter={hold} onPointerLeave={letGo} onFocus={hold} onBlur={blurred}>
        {(whole ? rows : rows.slice(0, AT_FIRST)).map((item) => (
          <Row
            key={item.classType}
            item={item}
            axis={axis}
            largest={largest}
            open={open.has(item.classType)}
            onToggle={toggle}
          />
        ))}
      </div>
    </div>
  );
}

function ariaSort({ by, descending }: Sort, column: Column): "ascending" | "descending" | undefined {
  if (by !== column) return undefined;
  return descending ? "descending" : "ascending";
}
