/** How an instance is connected, in a sign and words. Pure. */
import { clock, duration, type Instance } from "@comfyui-monitor/react";

export type ConnectionSign = "live" | "demo" | "polling" | "connecting" | "reconnecting" | "offline";

export interface ConnectionWords {
  sign: ConnectionSign;
  word: string;
  detail?: string;
}

/** Of a time in the future, not under 1 s: `4 s`, `1:12`. */
export function until(at: number, now: number): string {
  const ms = Math.max(1000, Math.ceil((at - now) / 1000) * 1000);
  return ms < 60_000 ? `${ms / 1000} s` : duration(ms);
}

/** For how long something has been so: whole seconds, then `1:12`. */
export function forHow(sinceMs: number): string {
  const ms = Math.max(1000, Math.floor(sinceMs / 1000) * 1000);
  return ms < 60_000 ? `${ms / 1000} s` : duration(ms);
}

export function roundTrip(ms: number): string {
  return ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
}

export function connectionWords(instance: Instance, now: number): ConnectionWords {
  switch (instance.state) {
    case "connected":
      if (instance.demo) return { sign: "demo", word: "Demo", detail: "a recording" };
      return { sign: "live", word: "Live", ...(instance.roundTripMs !== undefined && { detail: roundTrip(instance.roundTripMs) }) };
    case "polling":
      return { sign: "polling", word: "Polling", detail: "every 2 s" };
    case "connecting":
      return { sign: "connecting", word: "Connecting" };
    case "disconnected": {
      const next = instance.nextTryAt === undefined ? NaN : Date.parse(instance.nextTryAt);
      if (next > now) return { sign: "reconnecting", word: "Reconnecting", detail: `in ${until(next, now)}` };
      if (next > now - 10_000) return { sign: "reconnecting", word: "Reconnecting", detail: "now" };
      return { sign: "offline", word: "Offline", detail: `since ${clock(instance.since, now, false)}` };
    }
  }
}

/** What stands behind the chip: since when, and why. */
export function connectionStory(instance: Instance, now: number): string {
  const since = clock(instance.since, now);
  switch (instance.state) {
    case "connected":
      return instance.demo ? `The demo plays recorded jobs here since ${since}` : `Connected since ${since}`;
    case "polling":
      return `Asked every 2 s since ${since}: its live connection does not work${because(instance.reason)}`;
    case "connecting":
      return `Connecting since ${since}`;
    case "disconnected":
      return `Not answering since ${since}${because(instance.reason)}`;
  }
}

function because(reason: string | undefined): string {
  return reason ? `, ${reason}` : "";
}

export function isAnswering({ state }: Pick<Instance, "state">): boolean {
  return state === "connected" || state === "polling";
}

/** Never heard of: nothing is known of it but its address. */
export function neverHeard({ state, comfyuiVersion }: Instance): boolean {
  return (state === "disconnected" || state === "connecting") && comfyuiVersion === undefined;
}
