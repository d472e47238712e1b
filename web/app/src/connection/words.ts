import { clock, type Connection, type Instance } from "@comfyui-monitor/react";

export type ConnectionKind = "live" | "demo" | "connecting" | "reconnecting" | "offline" | "locked" | "refused";

/** A connection as it is shown: a sign, a word, and what is to be said beside it. */
export interface ShownConnection {
  kind: ConnectionKind;
  word: string;
  note?: string;
}

export interface Circumstances {
  connection: Connection;
  /** Since when there is no connection; absent while there is one, or never was. */
  lostAt?: number | undefined;
  /** It has been away long enough to say so. */
  isOffline: boolean;
  /** Nothing real runs: all servers are the demo's. */
  isDemo: boolean;
}

export function shownConnection({ connection, lostAt, isOffline, isDemo }: Circumstances, now: number): ShownConnection {
  switch (connection.state) {
    case "live":
      if (isDemo) return { kind: "demo", word: "Demo", note: "a recording" };
      return { kind: "live", word: "Live", ...(connection.roundTripMs !== undefined && { note: `${roundTrip(connection.roundTripMs)} ms` }) };
    case "locked":
      return { kind: "locked", word: "Locked", note: "a token is wanted" };
    case "refused":
      return { kind: "refused", word: "Refused", note: "by the monitor" };
    default:
      if (isOffline) return { kind: "offline", word: "Offline", ...(lostAt !== undefined && { note: `shown as of ${clock(lostAt, now, false)}` }) };
      if (lostAt === undefined) return { kind: "connecting", word: "Connecting" };
      return { kind: "reconnecting", word: "Reconnecting", note: again(connection, now) };
  }
}

/** `in 4 s`, or `now` while it tries. */
export function again({ state, retryAt }: Connection, now: number): string {
  if (state !== "waiting" || retryAt === undefined) return "now";
  return `in ${Math.max(1, Math.ceil((retryAt - now) / 1000))} s`;
}

export function isDemo(instances: readonly Instance[]): boolean {
  return instances.length > 0 && instances.every(({ demo }) => demo === true);
}

function roundTrip(ms: number): number {
  return Math.max(1, Math.round(ms));
}
