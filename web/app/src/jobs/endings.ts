import { isEnded, type MonitorClient, type Summary } from "@comfyui-monitor/react";

/** Jobs that waited or ran before and have ended since, also while the page was cut off. Pure. */
export function endedSince(before: readonly Summary[], after: readonly Summary[]): Summary[] {
  const active = new Set(before.filter((job) => !isEnded(job)).map(({ queueId }) => queueId));
  return after.filter((job) => isEnded(job) && active.has(job.queueId));
}

/** Calls `hear` with every job whose end comes to be known. */
export function watchEndings(client: Pick<MonitorClient, "live">, hear: (job: Summary) => void): () => void {
  let before = client.live.getSnapshot().jobs;
  return client.live.subscribe(() => {
    const { jobs } = client.live.getSnapshot();
    const ended = endedSince(before, jobs);
    before = jobs;
    ended.forEach(hear);
  });
}
