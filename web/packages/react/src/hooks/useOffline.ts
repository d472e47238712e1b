"use client";
import { useState } from "react";
import type { ConnectionState } from "../core/socket.js";

/** Whether there is no connection, as was `before`: a first try is not offline yet, and later tries still are. */
export function isOffline(before: boolean, state: ConnectionState): boolean {
  if (state === "connecting") return before;
  return state === "waiting" || state === "locked" || state === "refused";
}

/** Whether what is shown is of an earlier moment. */
export function useOffline(state: ConnectionState): boolean {
  const [held, hold] = useState({ state, offline: isOffline(false, state) });
  if (held.state === state) return held.offline;
  const offline = isOffline(held.offline, state);
  hold({ state, offline });
  return offline;
}
