"use client";
import WifiOff from "lucide-react/icons/wifi-off";
import type { Connection } from "../core/socket.js";
import { useMonitor } from "../hooks/context.js";
import { useNow } from "../hooks/useNow.js";
import { clock, roughly } from "../words/index.js";
import { Action } from "./Action.js";

export interface OfflineNoticeProps {
  connection: Connection;
  /** When what is shown was true; absent where nothing is shown. */
  asOf: number | undefined;
}

/** There is no connection: of when is what is shown, and when the next try is. */
export function OfflineNotice({ connection, asOf }: OfflineNoticeProps) {
  const client = useMonitor();
  const now = useNow(500, connection.state === "waiting");
  const shown = asOf === undefined ? "" : `What you see is as of ${clock(asOf, now)}. `;
  const locked = connection.state === "locked";
  return (
    <section className="cm-notice cm-state--lost" role="status" aria-label="No connection">
      <div className="cm-notice__grid">
        <WifiOff className="cm-offline-icon" size={18} strokeWidth={1.7} aria-hidden />
        <div className="cm-notice__text">
          <p className="cm-notice__title">{locked ? "The monitor wants a token" : "No connection to the monitor"}</p>
          <p className="cm-notice__detail">{`${shown}Jobs go on without this page`}</p>
        </div>
        <div className="cm-notice__actions">
          <span className="cm-notice__again" aria-hidden>
            {again(connection, now)}
          </span>
          <Action onClick={() => client.reconnect()}>Try now</Action>
        </div>
      </div>
    </section>
  );
}

function again({ state, retryAt }: Connection, now: number): string {
  if (state === "connecting") return "trying";
  if (retryAt === undefined) return "";
  const left = Math.ceil((retryAt - now) / 1000);
  return left >= 1 ? `again in ${roughly(left * 1000)}` : "trying";
}
