import { useLiveJobs, useMonitor, type ClassPerformance } from "@comfyui-monitor/react";
import { useCallback, useEffect, useRef, useState } from "react";

/** At most so often, however many jobs end (ms). */
const EVERY_MS = 5_000;

export interface PerformanceState {
  /** `undefined` until they have come. */
  items: ClassPerformance[] | undefined;
  /** Why there is nothing, where there is nothing. */
  problem: string | undefined;
  reload: () => void;
}

/** What the node classes of an instance (or of all) cost; asked for again when a job has ended. */
export function usePerformance(instanceId: string | undefined): PerformanceState {
  const { api } = useMonitor();
  const [items, setItems] = useState<ClassPerformance[] | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const asked = useRef(0);

  const reload = useCallback(() => {
    const ask = ++asked.current;
    const isNewest = () => ask === asked.current;
    api.performance(instanceId).then(
      (answer) => {
        if (!isNewest()) return;
        setItems(answer.items);
        setProblem(undefined);
      },
      (reason: unknown) => {
        if (isNewest()) setProblem(reason instanceof Error ? reason.message : String(reason));
      },
    );
  }, [api, instanceId]);

  useEffect(() => {
    reload();
    return () => void asked.current++;
  }, [reload]);

  const ended = useEndedJobs();
  const first = useRef(ended);
  useEffect(() => {
    if (ended === first.current) return;
    const timer = setTimeout(() => {
      first.current = ended;
      reload();
    }, EVERY_MS);
    return () => clearTimeout(timer);
  }, [ended, reload]);

  return { items, problem, reload };
}

/** Changes whenever a job has ended. */
function useEndedJobs(): string {
  const { jobs } = useLiveJobs();
  return jobs.reduce((newest, { completedAt = "" }) => (completedAt > newest ? completedAt : newest), "");
}
