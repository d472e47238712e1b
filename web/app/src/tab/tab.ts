import { wholePercent } from "@comfyui-monitor/react";
import { Store } from "../store.js";

/** What the route calls itself. */
export const pageTitle = new Store("");

/** What this tab is about: jobs that run, or the end of one until the tab is seen. */
export interface TabState {
  state: "idle" | "running" | "done" | "failed";
  percentage?: number;
  /** Running at once. */
  running: number;
  /** Of the one that runs or has ended. */
  title?: string;
}

/** `66% Lighthouse at dusk`, `3 running, 66%`, `Done: …`, `Failed: …`; else the name of the page. */
export function tabTitle(tab: TabState, page: string): string {
  const percent = `${wholePercent(tab.percentage ?? 0)}%`;
  if (tab.state === "running") return tab.running > 1 ? `${tab.running} running, ${percent}` : `${percent} ${tab.title ?? ""}`.trim();
  if (tab.state === "done") return `Done: ${tab.title}`;
  if (tab.state === "failed") return `Failed: ${tab.title}`;
  return page ? `${page} · ComfyUI Monitor` : "ComfyUI Monitor";
}
