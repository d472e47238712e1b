import { memorySize, useMonitor, type Attempt, type Instance } from "@comfyui-monitor/react";
import { useAnswer } from "../../../jobs/useAnswer.js";
import card from "../../../jobs/failed/Card.module.css";
import { curveOf, readingsOf } from "./memory.js";
import styles from "./Memory.module.css";
import { wantedMemory } from "../../../jobs/failed/words.js";

export interface MemoryProps {
  attempt: Attempt | undefined;
  instance: Instance | undefined;
}

/** GPU memory while the last attempt ran; nothing where it was not read often enough, or is no longer kept. */
export function Memory({ attempt, instance }: MemoryProps) {
  const client = useMonitor();
  const startedAt = attempt?.startedAt;
  const id = attempt?.instanceId;
  const key = id && startedAt ? `${id} ${startedAt}` : undefined;
  const { value = [] } = useAnswer(key, () => client.api.readings(id ?? ""));
  const readings = readingsOf(value, attempt);
  const curve = curveOf(readings);
  if (!curve || !attempt) return null;
  const wanted = attempt.error && wantedMemory(attempt.error.message);
  return (
    <section className={card.card} aria-labelledby="memory">
      <h3 id="memory" className={card.title}>
        GPU memory{instance ? ` on ${instance.name}` : ""} during attempt {attempt.number}
        <span className={card.aside}>{memorySize(curve.totalBytes)}</span>
      </h3>
      <svg className={styles.chart} viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={`From ${memorySize(curve.firstBytes)} to ${memorySize(curve.lastBytes)} of ${memorySize(curve.totalBytes)}`}>
        <path className={styles.limit} d="M0,8 H100" />
        <path className={styles.area} d={curve.area} />
        <path className={styles.line} d={curve.line} />
        <path className={styles.end} d={`M${curve.endX},6 V100`} />
      </svg>
      <p className={styles.foot}>
        <span>most in use {memorySize(curve.mostBytes)}</span>
        {wanted && <span className={styles.wanted}>wanted {wanted.wanted} more</span>}
      </p>
    </section>
  );
}
