/** Times an instance was away, read from its events. Pure. */
import { clock, type JobEvent } from "@comfyui-monitor/react";
import { forHow } from "./connection.js";

export interface Outage {
  /** ms since the epoch. */
  from: number;
  /** Absent while it lasts. */
  to?: number;
  reason?: string;
  /** Jobs whose end was found out afterwards. */
  healedJobs: number;
}

/** Newest first. */
export function outagesOf(events: readonly JobEvent[], most = 5): Outage[] {
  const outages: Outage[] = [];
  let open: Outage | undefined;
  for (const { detailType, detail } of events) {
    const at = Date.parse(detail.timestamp);
    if (Number.isNaN(at)) continue;
    if (detailType === "Monitor Disconnected") {
      open ??= { from: at, healedJobs: 0, ...(typeof detail.reason === "string" && detail.reason && { reason: detail.reason }) };
    } else if (open && detailType === "Monitor Reconnected") {
      outages.push({ ...open, to: at, healedJobs: typeof detail.healedJobs === "number" ? detail.healedJobs : 0 });
      open = undefined;
    } else if (open && detailType === "Monitor Initialized") {
      outages.push({ ...open, to: at });
      open = undefined;
    }
    // A monitor that stops does not know how long its server stays away: its next start says so.
  }
  if (open) outages.push(open);
  return outages.toReversed().slice(0, most);
}

/** `21:20 for 0:31`; `since 21:20`. */
export function outageWords({ from, to }: Outage, now: number): string {
  const at = clock(from, now, false);
  return to === undefined ? `since ${at}` : `${at} for ${forHow(to - from)}`;
}

/** For the foot of the card, where it was away in the last day: `Away at 21:20`. */
export function lastOutage(outages: readonly Outage[], now: number): string | undefined {
  const newest = outages.find(({ from, to }) => to !== undefined && from > now - 24 * 3_600_000);
  return newest && `Away at ${clock(newest.from, now, false)}`;
}
