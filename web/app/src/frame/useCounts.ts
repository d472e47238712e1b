import { count, useInstances, useLiveOrder } from "@comfyui-monitor/react";

/** What stands beside a route, and what it counts for those who hear it. */
export type Counts = Record<string, { text: string; of: string } | undefined>;

export function useCounts(): Counts {
  const { running, waiting } = useLiveOrder();
  const { instances } = useInstances();
  const active = running.length + waiting.length;
  const away = instances.filter(({ state }) => state === "disconnected").length;
  return {
    "/jobs": active > 0 ? { text: count(active), of: "running or waiting" } : undefined,
    "/instances": away > 0 ? { text: `${away} away`, of: "" } : undefined,
  };
}
