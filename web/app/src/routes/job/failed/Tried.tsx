import { duration, exactDuration, RunStrip, shownState, StateGlyph, stateWord, stripOf, UNKNOWN, useMonitor, withSnapshot, type Attempt, type Generation } from "@comfyui-monitor/react";
import { useMemo } from "react";
import { Link } from "wouter";
import { useAnswer } from "../../../jobs/useAnswer.js";
import card from "../../../jobs/failed/Card.module.css";
import styles from "./Tried.module.css";
import { shortCause, stoppedWords } from "../../../jobs/failed/words.js";

/** More attempts than these are behind a line that says so. */
const MOST = 8;

/** Every attempt: what it changed, where it stopped and why, how long it took. */
export function Tried({ generation, titleOf }: { generation: Generation; titleOf: (nodeId: string) => string | undefined }) {
  const { attempts } = generation;
  const shown = attempts.slice(-MOST);
  return (
    <section className={card.card} aria-labelledby="tried">
      <h3 id="tried" className={card.title}>What was tried</h3>
      {attempts.length > MOST && <p className={styles.more}>{attempts.length - MOST} earlier attempts are left out</p>}
      <ol className={styles.list}>
        {shown.map((attempt) => <Try key={attempt.number} attempt={attempt} generation={generation} titleOf={titleOf} />)}
      </ol>
    </section>
  );
}

function Try({ attempt, generation, titleOf }: { attempt: Attempt; generation: Generation; titleOf: (nodeId: string) => string | undefined }) {
  const { number, change, error, durationMs, status } = attempt;
  const state = shownState({ status, reason: error?.type ?? "", retryCount: 0 });
  const { where, step } = stoppedWords(attempt, titleOf);
  return (
    <li className={styles.attempt}>
      <div className={styles.line}>
        <StateGlyph state={state} size={14} label={stateWord(state)} />
        <Link className={styles.number} href={`/jobs/${generation.queueId}?attempt=${number}`} title={`Look at attempt ${number}`}>Attempt {number}</Link>
        <span className={styles.change} data-none={change === undefined || undefined} title={change}>{change ?? (number === 1 ? "as asked" : "the same again")}</span>
        {durationMs !== undefined && <span className={styles.time} title={exactDuration(durationMs)}>{duration(durationMs)}</span>}
      </div>
      <AttemptStrip attempt={attempt} generation={generation} label={`Attempt ${number}`} />
      {error && (
        <p className={styles.cause}>
          {where} stopped{step ? <> at <b>{step}</b></> : null}. {shortCause(error)}.
        </p>
      )}
    </li>
  );
}

/** Its run strip, small; the nodes of an earlier attempt have to be asked for. */
function AttemptStrip({ attempt, generation, label }: { attempt: Attempt; generation: Generation; label: string }) {
  const client = useMonitor();
  const isNewest = attempt.promptId === generation.promptId;
  const fetched = useAnswer(isNewest ? undefined : attempt.promptId, () => client.api.job(attempt.promptId)).value;
  const of = isNewest ? generation : fetched;
  const state = useMemo(() => (of ? withSnapshot(UNKNOWN, of, 0) : UNKNOWN), [of]);
  if (!of) return <div className={styles.strip} />;
  return (
    <div className={styles.strip}>
      <RunStrip
        segments={stripOf(state)}
        percentage={of.overallPercentage}
        state={of.status === "failed" ? "failed" : "ended"}
        height={6}
        elapsedMs={of.durationMs}
        label={`${label}, ${Math.floor(of.overallPercentage)}%`}
      />
    </div>
  );
}
