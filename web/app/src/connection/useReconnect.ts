import { useMonitor, type Instance } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";
import { tell } from "../toasts/toasts.js";

/** Long enough to see that something was done. */
const SHOWN_MS = 1_500;

export interface Reconnect {
  /** Absent where nobody can have them tried. */
  tryNow: (() => void) | undefined;
  trying: boolean;
}

/** Has the monitor try to reach instances now. */
export function useReconnect(instances: readonly Pick<Instance, "instanceId" | "name">[]): Reconnect {
  const { api, isBehindGateway } = useMonitor();
  const [trying, setTrying] = useState(false);
  useEffect(() => {
    if (!trying) return;
    const timer = setTimeout(() => setTrying(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [trying]);
  const tryNow = () => {
    setTrying(true);
    for (const { instanceId, name } of instances) {
      api.reconnect(instanceId).catch((problem: unknown) => {
        setTrying(false);
        tell({ tone: "failed", title: `${name} was not asked`, text: problem instanceof Error ? problem.message : String(problem) });
      });
    }
  };
  return { tryNow: isBehindGateway ? undefined : tryNow, trying };
}
