import { announcement, useMonitor } from "@comfyui-monitor/react";
import { useEffect } from "react";
import { current } from "../jobs/current.js";
import { useStore } from "../store.js";
import { assertive, polite, say, spokenProgress } from "./spoken.js";

/** Tells screen readers of the job in view: node starts, every quarter, the end; not every step. */
export function LiveRegion() {
  const client = useMonitor();
  const { jobs } = useStore(current);
  const inView = jobs.length === 1 ? jobs[0]?.queueId : undefined;
  useEffect(() => {
    if (inView === undefined) return;
    const job = client.job(inView);
    let before = job.getSnapshot();
    return job.subscribe(() => {
      const after = job.getSnapshot();
      const told = announcement(before, after);
      before = after;
      if (told?.urgent) say(told.text, assertive);
      else if (told && spokenProgress.get() === "on") say(told.text);
    });
  }, [client, inView]);
  const quiet = useStore(polite);
  const loud = useStore(assertive);
  return (
    <div className="visually-hidden">
      <p aria-live="polite" aria-atomic="true"><span key={quiet.turn}>{quiet.text}</span></p>
      <p aria-live="assertive" aria-atomic="true"><span key={loud.turn}>{loud.text}</span></p>
    </div>
  );
}
