import type { MonitorClient } from "@comfyui-monitor/react";
import { watchEndings } from "../jobs/endings.js";
import { Store } from "../store.js";
import { showFavicon } from "./favicon.js";
import { documentTitle, newerEnd, pageTitle, tabOf, tabSign, type TabState } from "./tab.js";

const AT_MOST_EVERY = 1_000;

/** What this tab has to tell, at most a second old. */
export const tabState = new Store<TabState>({ running: [] });

/** Keeps the tab's title and icon true: at most once a second, and at once when the tab is seen again. */
export function watchTab(client: Pick<MonitorClient, "live">): () => void {
  let ended: TabState["ended"];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = () => {
    timer = undefined;
    tabState.set(tabOf(client.live.getSnapshot().jobs, ended));
  };
  const soon = () => void (timer ??= setTimeout(show, AT_MOST_EVERY));
  const draw = () => {
    document.title = documentTitle(tabState.get(), pageTitle.get());
    showFavicon(tabSign(tabState.get()));
  };
  const seen = () => {
    if (document.hidden || !ended) return;
    ended = undefined;
    show();
  };
  show();
  draw();
  const stops = [
    client.live.subscribe(soon),
    watchEndings(client, (job) => document.hidden && (ended = newerEnd(ended, job))),
    tabState.subscribe(draw),
    pageTitle.subscribe(draw),
  ];
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
    document.removeEventListener("visibilitychange", seen);
  };
}
