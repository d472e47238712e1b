import { shownState, tabTitle, type ShownState, type Summary } from "@comfyui-monitor/react";
import { Store } from "../store.js";

/** What the route calls itself. */
export const pageTitle = new Store("");

/** What this tab has to tell: what runs, and what ended while nobody looked. */
export interface TabState {
  running: { title: string; percentage: number }[];
  ended?: { title: string; state: ShownState } | undefined;
}

/** What the list of jobs makes of a tab; `ended` is kept until the tab is seen. Pure. */
export function tabOf(jobs: readonly Summary[], ended: TabState["ended"]): TabState {
  const running = jobs.filter(({ status }) => status === "processing").map(({ title, overallPercentage }) => ({ title, percentage: overallPercentage }));
  return { running, ended };
}

/** The end to tell of: one that went wrong is not put aside by one that did not. */
export function newerEnd(told: TabState["ended"], job: Summary): TabState["ended"] {
  const state = shownState(job);
  return told && (told.state === "failed" || told.state === "lost") && state === "done" ? told : { title: job.title, state };
}

/** `66% Lighthouse at dusk`, `Done: …`; at rest the name of the page. */
export function documentTitle(tab: TabState, page: string): string {
  if (tab.ended || tab.running.length > 0) return tabTitle(tab);
  return page ? `${page} · ComfyUI Monitor` : "ComfyUI Monitor";
}

/** The tab as a logo. */
export interface TabSign {
  state: "idle" | "running" | "done" | "failed";
  /** Of all that runs. */
  percentage?: number;
}

export function tabSign({ running, ended }: TabState): TabSign {
  if (ended?.state === "done") return { state: "done" };
  if (ended?.state === "failed" || ended?.state === "lost") return { state: "failed" };
  if (running.length === 0) return { state: "idle" };
  return { state: "running", percentage: running.reduce((sum, { percentage }) => sum + percentage, 0) / running.length };
}
