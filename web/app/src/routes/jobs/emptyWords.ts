/** What is said where no job is. Pure. */
import type { ShownState } from "@comfyui-monitor/react";
import type { Filters, Since } from "./filters.js";

export interface EmptyWords {
  title: string;
  text: string;
  glyph?: ShownState;
}

const WHEN: Record<Since, string> = { today: " today", "7d": " in the last 7 days", "30d": " in the last 30 days", all: "" };

export function emptyWords({ show, since, q, instanceId }: Filters): EmptyWords {
  const when = WHEN[since];
  const where = instanceId ? " on this instance" : "";
  if (q.trim()) return { title: `No job matches “${q.trim()}”${when}`, text: "Titles are searched, and the beginnings of ids" };
  switch (show) {
    case "running":
      return { title: `Nothing runs${where} now`, text: "Jobs from any client of your servers show up here while they run" };
    case "waiting":
      return { title: `Nothing waits${where} now`, text: "Jobs that are in line would be here" };
    case "done":
      return { title: `Nothing was done${where}${when}`, text: "Jobs that came through would be here" };
    case "wrong":
      return { title: `Nothing went wrong${where}${when}`, text: "Failed, lost and interrupted jobs would be here", glyph: "done" };
    default:
      return { title: where || when ? `No jobs${where}${when}` : "No jobs yet", text: "Jobs from any client of your servers show up here" };
  }
}
