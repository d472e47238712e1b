import { clock, memory, type Instance } from "@comfyui-monitor/react";
import { useId, type ReactNode } from "react";
import { useNow } from "../../time/useNow.js";
import cardStyles from "./Card.module.css";
import { isAnswering } from "./connection.js";
import styles from "./Memory.module.css";
import { memoryPaths, peakOf } from "./memory.js";
import { useReadings } from "./useReadings.js";

const WIDTH = 320;
const HEIGHT = 84;

export interface MemoryProps {
  instance: Instance;
  /** In its place when the last word is older than what is shown. */
  otherwise: ReactNode;
}

/** GPU memory of 30 min: a line under the rule of all there is, dotted where nothing was heard. */
export function Memory({ instance, otherwise }: MemoryProps) {
  const { readings, isNotOffered } = useReadings(instance, true);
  const answering = isAnswering(instance);
  const now = useNow(10_000);
  const fill = useId();
  const last = readings.at(-1);
  const used = answering || !last ? instance.memory : last;
  // The server's clock marks the readings; while it answers the newest one is now.
  const heard = last ? Date.parse(last.t) : now;
  const end = answering ? heard : Math.max(heard, now);
  const { line, area, silent } = memoryPaths(readings, end, WIDTH, HEIGHT);
  if (!answering && !line) return otherwise;
  const peak = peakOf(readings);
  const until = isNotOffered ? "now" : answering || !last ? "last 30 min" : `until ${clock(last.t, now)}`;
  const label = [
    `GPU memory, ${until}`,
    used && memory(used.usedBytes, used.totalBytes),
    peak && `at most ${memory(peak.usedBytes, peak.totalBytes)} at ${clock(peak.t, now, false)}`,
  ];
  return (
    <section className={styles.memory}>
      <div className={cardStyles.figures}>
        <h3>GPU memory</h3>
        <span>{used && <Amount words={memory(used.usedBytes, used.totalBytes)} />}</span>
        <span className={cardStyles.aside}>{until}</span>
      </div>
      {isNotOffered ? <p className={styles.none}>This deployment keeps no readings of it</p> : <svg
        className={styles.chart}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label.filter(Boolean).join(": ").replace(/: at/, ", at")}
      >
        <defs>
          <linearGradient id={fill} x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" className={styles.high} />
            <stop offset="1" className={styles.low} />
          </linearGradient>
        </defs>
        {area && <path d={area} fill={`url(#${fill})`} />}
        {line && <path d={line} className={styles.line} />}
        {silent && <path d={silent} className={styles.silent} />}
      </svg>}
    </section>
  );
}

/** `18.2 of 24 GB`: the first figure stands out. */
function Amount({ words }: { words: string }) {
  const [first, ...rest] = words.split(" ");
  return (
    <>
      <b>{first}</b> {rest.join(" ")}
    </>
  );
}
