"use client";
import { useCallback, useState } from "react";
import { isSameFile } from "../core/links.js";
import { useMonitor } from "./context.js";

/**
 * A file that is shown keeps its address, though every word about it brings a new signature: it would be loaded again. The
 * newest one is taken when it is told that this one does not open.
 */
export function useLink(newest: string | undefined): { path: string | undefined; onEnded: () => void } {
  const client = useMonitor();
  const [held, hold] = useState({ path: newest, isEnded: false });
  const isTaken = newest !== held.path && (held.isEnded || !isSameFile(newest, held.path));
  if (isTaken) hold({ path: newest, isEnded: false });
  const path = isTaken ? newest : held.path;
  const onEnded = useCallback(() => {
    hold((now) => (now.path === path ? { path, isEnded: true } : now));
    if (path !== undefined) void client.renewLink(path);
  }, [client, path]);
  return { path, onEnded };
}
