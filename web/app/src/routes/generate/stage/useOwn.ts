import { useMonitor } from "@comfyui-monitor/react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useStore } from "../../../store.js";
import { ownJobs } from "../session.js";
import { shownJob, stageAfter, type Candidate, type OnStage } from "./which.js";

/** How many jobs are kept current at once; older ones have long ended, and six tiles are shown. */
const MOST_WATCHED = 12;

/** Several jobs, kept current. */
export function useJobStates(queueIds: readonly string[]): Candidate[] {
  const client = useMonitor();
  const ids = queueIds.join(" ");
  useEffect(() => {
    const stops = ids.split(" ").filter(Boolean).map((queueId) => client.watch(queueId));
    return () => stops.forEach((stop) => stop());
  }, [client, ids]);
  const source = useMemo(() => {
    const jobs = ids.split(" ").filter(Boolean).map((queueId) => ({ queueId, job: client.job(queueId) }));
    let before: Candidate[] = [];
    return {
      subscribe(listener: () => void) {
        const stops = jobs.map(({ job }) => job.subscribe(listener));
        return () => stops.forEach((stop) => stop());
      },
      get() {
        const isSame = before.length === jobs.length && jobs.every(({ job }, at) => job.getSnapshot() === before[at]?.state);
        if (!isSame) before = jobs.map(({ queueId, job }) => ({ queueId, state: job.getSnapshot() }));
        return before;
      },
    };
  }, [client, ids]);
  return useSyncExternalStore(source.subscribe, source.get, source.get);
}

/** The end of a job is seen before the next one takes the stage. */
const END_IS_SEEN_MS = 1600;

/** The jobs of this tab, and which of them is on the stage. `onLeft` hears of one whose end made room for the next. */
export function useOwn(asked: string | undefined, onLeft: (left: Candidate) => void): { own: Candidate[]; shown: string | undefined } {
  const made = useStore(ownJobs);
  const own = useJobStates(useMemo(() => made.slice(0, MOST_WATCHED).map(({ queueId }) => queueId), [made]));
  const next = shownJob(own, asked);
  const [stage, setStage] = useState<OnStage>({ queueId: next, phase: "resting" });
  const now = stageAfter(stage, own, next, asked !== undefined);
  if (now !== stage) setStage(now);

  const latest = useRef({ own, next, onLeft });
  useEffect(() => {
    latest.current = { own, next, onLeft };
  });
  useEffect(() => {
    if (now.phase !== "ending") return;
    const timer = setTimeout(() => {
      setStage({ ...now, phase: "resting" });
      const { own, next, onLeft } = latest.current;
      const left = own.find(({ queueId }) => queueId === now.queueId);
      if (left && next !== now.queueId) onLeft(left);
    }, END_IS_SEEN_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return { own, shown: now.queueId };
}
