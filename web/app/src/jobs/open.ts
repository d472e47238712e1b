import { navigate } from "wouter/use-browser-location";

export function jobPath(queueId: string): string {
  return `/jobs/${encodeURIComponent(queueId)}`;
}

/** Shows a job, from anywhere. */
export function open(queueId: string): void {
  navigate(jobPath(queueId));
}
