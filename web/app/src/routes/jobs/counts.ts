import type { GenerationPage } from "@comfyui-monitor/react";
import type { Show } from "./filters.js";

/** How many jobs each part of the list has: those at work as heard live, the others as the API counted them. */
export function tabCounts(counted: GenerationPage["counts"] | undefined, atWork: { running: number; waiting: number } | undefined): Record<Show, number> | undefined {
  if (!counted) return undefined;
  const { completed: done, failed, interrupted } = counted;
  const { running, waiting } = atWork ?? { running: counted.processing, waiting: counted.pending };
  const wrong = failed + interrupted;
  return { all: running + waiting + done + wrong, running, waiting, done, wrong };
}
