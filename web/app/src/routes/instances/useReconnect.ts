import { useMonitor, type Instance } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";
import { tell } from "../../toasts/toasts.js";

/** Long enough to see that something was done. */
const SHOWN_MS = 1_500;

export interface Reconnect {
  tryNow: () => void;
  trying: boolean;
}

/** Has the monitor try to reach an instance now. */
export function useReconnect({ instanceId, name }: Pick<Instance, "instanceId" | "name">): Reconnect {
  const { api } = useMonitor();
  const [trying, setTrying] = useState(false);
  useEffect(() => {
    if (!trying) return;
    const timer = setTimeout(() => setTrying(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [trying]);
  const tryNow = () => {
    setTrying(true);
    api.reconnect(instanceId).catch((problem: unknown) => {
      setTrying(false);
      tell({ tone: "failed", title: `${name} was not asked`, text: problem instanceof Error ? problem.message : String(problem) });
    });
  };
  return { tryNow, trying };
}
