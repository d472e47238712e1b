import { clock, duration, type JobState } from "@comfyui-monitor/react";
import { useLocation } from "wouter";
import { Button } from "../../../controls/Button.js";
import { useJobActions } from "../../../jobs/actions.js";
import { NotifyButton } from "../../../notify/NotifyBell.js";
import { EndingCard } from "../../../jobs/ending/EndingCard.js";
import type { Ending } from "../../../jobs/ending/words.js";
import { sameAs, type Candidate } from "./which.js";

export interface StageEndingProps {
  queueId: string;
  state: JobState;
  ending: Ending;
  own: readonly Candidate[];
  onNewSeed: (() => void) | undefined;
}

/** Lost, stopped, all from cache, or silent: what it means, and what can be done. */
export function StageEnding({ ending, queueId, state, own, onNewSeed }: StageEndingProps) {
  const { cancel, runAgain } = useJobActions();
  const [, navigate] = useLocation();
  const { generation } = state;
  if (!generation) return null;
  const seed = onNewSeed ?? (() => navigate(`/?from=${encodeURIComponent(generation.promptId)}`));
  const earlier = ending.state === "cached" ? sameAs(own, { queueId, state })?.state.generation : undefined;
  const took = generation.durationMs === undefined ? "" : `. It took ${duration(generation.durationMs)}`;
  const told = earlier?.completedAt ? { ...ending, text: `The picture is the same as at ${clock(earlier.completedAt, Date.now(), false)}${took}` } : ending;
  return (
    <EndingCard ending={told}>
      {ending.action === "again" && <Button variant={ending.state === "lost" ? "primary" : "secondary"} onClick={() => runAgain([generation])}>Run again</Button>}
      {ending.action === "seed" && <Button onClick={seed}>{onNewSeed ? "New seed" : "Use these inputs"}</Button>}
      {ending.action === "cancel" && (
        <>
          <Button onClick={() => cancel([generation])}>Cancel</Button>
          <NotifyButton queueId={queueId} />
        </>
      )}
    </EndingCard>
  );
}
