import { inLine, timeLeft } from "@comfyui-monitor/react";
import { Fragment } from "react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

const eta = (remaining: number, low = remaining, high = remaining) => ({ remainingMs: remaining * 1_000, lowMs: low * 1_000, highMs: high * 1_000 });

const WORDS: [when: string, said: string][] = [
  ["under 5 s", timeLeft(eta(4))],
  ["28 s, narrow range", timeLeft(eta(28, 25, 32))],
  ["2:10 to 3:50", timeLeft(eta(180, 130, 230))],
  ["1 h 40 min", timeLeft(eta(6_000))],
  ["range wider than 3×", timeLeft(eta(1_200, 600, 2_400))],
  ["no history, no steps", timeLeft(undefined)],
  ["past the range", timeLeft(eta(1), 72_000)],
  ["waiting", inLine(3, 120_000)],
];

export function Words() {
  return (
    <Card title="Time left, in words" wide={4}>
      <div className={styles.pairs}>
        {WORDS.map(([when, said]) => (
          <Fragment key={when}><span className={styles.note}>{when}</span><strong>{said}</strong></Fragment>
        ))}
      </div>
    </Card>
  );
}
