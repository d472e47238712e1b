import type { ClassPerformance } from "@comfyui-monitor/react";
import { memo } from "react";
import { placeOf, ticksPath, type Axis } from "./axis.js";
import { took } from "./drivers.js";
import styles from "./Ticks.module.css";

const HEIGHT = 20;

/** Every run as a tick on the log axis, and their median. */
export const Ticks = memo(function Ticks({ item, axis }: { item: ClassPerformance; axis: Axis }) {
  const { ticks, medianMs } = item;
  const from = ticks[0] ?? medianMs;
  const to = ticks.at(-1) ?? medianMs;
  const label = `From ${took(from)} to ${took(to)}, half of them within ${took(medianMs)}`;
  return (
    <svg className={styles.ticks} viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path className={styles.all} d={ticksPath(ticks, axis, 5, 10)} />
      <path className={styles.median} d={`M${placeOf(medianMs, axis)} 1v${HEIGHT - 2}`} />
    </svg>
  );
});

/** The marks of the axis, over all rows. */
export function AxisMarks({ axis }: { axis: Axis }) {
  return (
    <span className={styles.marks} aria-hidden="true">
      {axis.marks.map(({ at, label }) => <span key={label} style={{ left: `${at}%` }}>{label}</span>)}
    </span>
  );
}
