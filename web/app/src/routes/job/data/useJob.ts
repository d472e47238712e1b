import { UNKNOWN, useGeneration, useInstances, useMonitor, withSnapshot, type Connection, type Instance, type JobState, type Preview } from "@comfyui-monitor/react";
import { useMemo } from "react";
import { followed } from "../../../jobs/queueId.js";
import { detailKey, withDetail, withStop } from "./detail.js";
import { useAnswer } from "../../../jobs/useAnswer.js";
import { useHeard, type Heard } from "./useHeard.js";

export interface Job {
  queueId: string;
  /** The newest attempt, live. */
  newest: JobState;
  /** The attempt that is looked at. */
  shown: JobState;
  /** Its number; 0 before there is one. */
  attempt: number;
  isNewest: boolean;
  /** An earlier attempt was asked for and is not here yet, or there is none of that number. */
  waitsFor: "attempt" | undefined;
  noSuchAttempt: boolean;
  instance: Instance | undefined;
  heard: Heard;
  preview: Preview | undefined;
  connection: Connection;
}

/** A job as this page needs it: live, with what only HTTP tells, and an earlier attempt where one is asked for. */
export function useJob(queueId: string, wanted: number | undefined): Job {
  const client = useMonitor();
  const { state: live, preview, connection } = useGeneration({ ...followed(queueId), previews: true });
  const heard = useHeard(queueId);
  const detail = useAnswer(detailKey(live), () => client.api.generation(queueId)).value;
  const newest = useMemo(() => withStop(withDetail(live, detail)), [live, detail]);
  const attempts = newest.generation?.attempts ?? [];
  const last = attempts.at(-1)?.number ?? 0;
  const isNewest = wanted === undefined || wanted === last;
  const earlier = isNewest ? undefined : attempts.find(({ number }) => number === wanted);
  const answer = useAnswer(earlier?.promptId, () => client.api.job(earlier?.promptId ?? ""));
  const past = useMemo(() => (answer.value ? withStop(withSnapshot(UNKNOWN, answer.value, Date.now())) : undefined), [answer.value]);
  const shown = isNewest ? newest : (past ?? UNKNOWN);
  const attempt = isNewest ? last : (wanted ?? last);
  const at = attempts.find(({ number }) => number === attempt)?.instanceId || newest.generation?.instanceId;
  const instance = useInstances().instances.find(({ instanceId }) => instanceId === at);
  const noSuchAttempt = !isNewest && newest.generation !== undefined && newest.generation !== null && !newest.partial && (!earlier || answer.problem !== undefined);
  const waitsFor = !isNewest && !past && !noSuchAttempt ? "attempt" : undefined;
  return { queueId, newest, shown, attempt, isNewest, waitsFor, noSuchAttempt, instance, heard, preview: isNewest ? preview : undefined, connection };
}
