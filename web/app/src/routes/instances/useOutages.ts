import { useMonitor, type Instance, type JobEvent } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";
import { outagesOf, type Outage } from "./outages.js";

/** Pages of a thousand events: what is older does not matter any more. */
const MOST_PAGES = 20;
const NONE: Outage[] = [];

/** When the instance was away, newest first; asked for again whenever its connection changes. */
export function useOutages({ instanceId, since }: Pick<Instance, "instanceId" | "since">): Outage[] {
  const { api } = useMonitor();
  const [outages, setOutages] = useState<Outage[]>(NONE);
  useEffect(() => {
    let gone = false;
    const read = async () => {
      const events: JobEvent[] = [];
      let after: number | undefined;
      for (let page = 0; page < MOST_PAGES && !gone; page += 1) {
        const { items, nextAfter } = await api.instanceEvents(instanceId, after);
        events.push(...items);
        if (nextAfter === undefined) break;
        after = nextAfter;
      }
      if (!gone) setOutages(outagesOf(events));
    };
    read().catch(() => {
      // Without its history the card still tells what is now.
    });
    return () => {
      gone = true;
    };
  }, [api, instanceId, since]);
  return outages;
}
