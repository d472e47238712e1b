import { useLiveJobs } from "@comfyui-monitor/react";
import { useEffect, useRef } from "react";
import { current } from "../jobs/current.js";
import { useStore } from "../store.js";
import { narrate } from "./narrate.js";
import { assertive, polite, say, spokenProgress } from "./spoken.js";

/** Tells screen readers of the job in view: node starts, every quarter, the end; not every step. */
export function LiveRegion() {
  const { jobs } = useLiveJobs();
  const { jobs: looked } = useStore(current);
  const only = looked.length === 1 ? looked[0]?.queueId : undefined;
  const job = jobs.find(({ queueId }) => queueId === only);
  const before = useRef(job);
  useEffect(() => {
    const told = narrate(before.current, job);
    before.current = job;
    if (told?.isUrgent) say(told.text, assertive);
    else if (told && spokenProgress.get() === "on") say(told.text);
  }, [job]);
  const quiet = useStore(polite);
  const loud = useStore(assertive);
  return (
    <div className="visually-hidden">
      <p aria-live="polite" aria-atomic="true"><span key={quiet.turn}>{quiet.text}</span></p>
      <p aria-live="assertive" aria-atomic="true"><span key={loud.turn}>{loud.text}</span></p>
    </div>
  );
}
