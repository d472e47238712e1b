"use client";
import type { ReactNode } from "react";
import type { JobState } from "../core/reducer.js";
import { elapsedAt } from "../core/select.js";
import { stripOf } from "../core/strip.js";
import { useNow } from "../hooks/useNow.js";
import { useSteadyText } from "../hooks/useSteadyText.js";
import type { Generation } from "../types/index.js";
import { clock, jobSentence, overallWords, shownState, wholePercent } from "../words/index.js";
import { RunStrip, type RunStripProps } from "./RunStrip.js";

export interface OverallProps {
  state: JobState;
  /** What is shown is of an earlier moment: there is no connection. */
  offline?: boolean;
  /** Beside the time left: the message as a chip on the Job page. */
  aside?: ReactNode;
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** Percent, time left, elapsed and clock time, and the strip. */
export function Overall({ state, offline = false, aside, marked, onMark }: OverallProps) {
  const { generation } = state;
  const ticks = generation?.status === "processing" && !offline;
  const time = useNow(1_000, ticks);
  // Offline, nothing is known of what passed since.
  const now = offline || !ticks ? Math.max(state.heardAt, offline ? 0 : time) : time;
  const { headline, detail } = overallWords(state, now);
  // Only the time left wavers; all else is said when it changes.
  const of = generation?.status === "processing" ? `${generation.promptId} ${generation.stalledSince}` : headline;
  const left = useSteadyText(headline, now, of);
  if (!generation) return null;
  const hasPercent = generation.status !== "pending" || generation.retry !== undefined;
  return (
    <section className={`cm-overall${offline ? " cm-offline" : ""}`} aria-label="Overall">
      <div className={`cm-overall__grid${hasPercent ? "" : " cm-overall__grid--waiting"}`}>
        {hasPercent && <Percent generation={generation} offline={offline} />}
        <div className="cm-overall__line">
          <span className="cm-overall__left" title={left}>
            {left}
          </span>
          {aside}
          <span className="cm-overall__detail">{offline ? `as of ${clock(state.heardAt, state.heardAt)}` : detail}</span>
        </div>
        <div className="cm-overall__strip">
          <RunStrip
            segments={stripOf(state)}
            percentage={generation.overallPercentage}
            state={stripState(generation)}
            height={14}
            elapsedMs={elapsedAt(state, now)}
            labels
            label={jobSentence(state)}
            marked={marked}
            onMark={onMark}
          />
        </div>
      </div>
    </section>
  );
}

function Percent({ generation, offline }: { generation: Generation; offline: boolean }) {
  const isOver = generation.status !== "processing";
  return (
    <div className={`cm-overall__percent${isOver ? " cm-overall__percent--over" : ""}`}>
      {offline && <span className="cm-overall__was">was </span>}
      {wholePercent(generation.overallPercentage)}
      <span className="cm-overall__sign">%</span>
    </div>
  );
}

function stripState(generation: Generation): RunStripProps["state"] {
  switch (shownState(generation)) {
    case "queued":
      return "waiting";
    case "running":
      return "running";
    case "stalled":
      return "stalled";
    case "retrying":
      // The attempt that runs is as alive as the first.
      return generation.retry ? "retrying" : "running";
    case "failed":
    case "lost":
      return "failed";
    default:
      return "ended";
  }
}
