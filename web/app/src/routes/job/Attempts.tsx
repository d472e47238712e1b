import { shownState, StateGlyph, stateWord, type Generation } from "@comfyui-monitor/react";
import { Link } from "wouter";
import styles from "./Attempts.module.css";

/** More than these are reached by their address. */
const MOST = 12;

/** One link an attempt, where there was more than one. */
export function Attempts({ generation, attempt }: { generation: Generation; attempt: number }) {
  const { attempts, queueId } = generation;
  if (attempts.length < 2) return null;
  const newest = attempts.at(-1)?.number;
  return (
    <nav className={styles.attempts} aria-label="Attempts">
      {attempts.slice(-MOST).map(({ number, status, error, change }) => {
        const state = shownState({ status, reason: error?.type ?? "", retryCount: 0 });
        const href = number === newest ? `/jobs/${queueId}` : `/jobs/${queueId}?attempt=${number}`;
        return (
          <Link key={number} href={href} className={styles.attempt} aria-current={number === attempt ? "page" : undefined} title={change}>
            <StateGlyph state={state} size={14} label={stateWord(state)} />
            Attempt {number}
          </Link>
        );
      })}
    </nav>
  );
}
