"use client";
import ArrowRight from "lucide-react/icons/arrow-right";
import { useNow } from "../hooks/useNow.js";
import type { Generation, Retry } from "../types/index.js";
import { roughly, retryWords, type Change } from "../words/index.js";
import { Action } from "./Action.js";
import { StateGlyph } from "./StateGlyph.js";

export interface RetryBannerProps {
  generation: Generation;
  /** What led to the attempt that runs (`JobState.retried`): of how many it is one, and what comes if it fails too. */
  retried?: Retry | undefined;
  onStop?: (() => void) | undefined;
  onTryNow?: (() => void) | undefined;
  onWhatHappened?: (() => void) | undefined;
}

/** What is done about a failed attempt: what changes, what happened, what comes next. */
export function RetryBanner({ generation, retried, onStop, onTryNow, onWhatHappened }: RetryBannerProps) {
  const words = retryWords(generation, retried);
  const now = useNow(250, words?.waiting === true);
  if (!words) return null;
  const { doing, attempt, happened, place, because, changes, next, waiting } = words;
  return (
    <section className="cm-retry" aria-label="Retry">
      <div className="cm-retry__grid">
        <StateGlyph state="retrying" size={18} />
        <div className="cm-retry__text">
          <p className="cm-retry__head">
            <strong>{waiting ? `${doing}${inTime(generation.retry, now)}` : doing}</strong> <span className="cm-retry__attempt">{attempt}</span>
          </p>
          <p className="cm-retry__happened">
            {happened}
            {place !== undefined && (
              <>
                {" "}
                <strong>{place}</strong>
              </>
            )}
            {because === undefined ? "." : `: ${because}`}
          </p>
          {(changes.length > 0 || next !== undefined) && (
            <div className="cm-retry__plan">
              {changes.map((change) => (
                <ChangeChip key={`${change.what} ${change.from}`} change={change} />
              ))}
              {next !== undefined && <span className="cm-retry__next">{next}</span>}
            </div>
          )}
        </div>
        <div className="cm-retry__actions">
          {waiting && onTryNow && <Action onClick={onTryNow}>Try now</Action>}
          {onStop && (
            <Action variant={waiting && onTryNow ? "quiet" : "secondary"} onClick={onStop}>
              Stop retrying
            </Action>
          )}
          {onWhatHappened && (
            <Action variant="quiet" onClick={onWhatHappened}>
              What happened
            </Action>
          )}
        </div>
      </div>
    </section>
  );
}

function ChangeChip({ change: { what, from, to } }: { change: Change }) {
  return (
    <span className="cm-change">
      {what}
      {from !== undefined && (
        <>
          <s aria-label={`from ${from}`}>{from}</s>
          <ArrowRight size={12} strokeWidth={1.7} role="img" aria-label="to" />
          <strong>{to}</strong>
        </>
      )}
    </span>
  );
}

/** " in 8 s", counted down; " now" once it is due. */
function inTime(retry: Retry | undefined, now: number): string {
  if (!retry) return "";
  const left = Math.ceil((Date.parse(retry.retryAt) - now) / 1000);
  return left >= 1 ? ` in ${roughly(left * 1000)}` : " now";
}
