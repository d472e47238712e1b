import { Problem, useLiveJobs, useMonitor, type ClassPerformance } from "@comfyui-monitor/react";
import { useCallback, useEffect, useRef, useState } from "react";

/** At most so often, however many jobs end (ms). */
const EVERY_MS = 5_000;

export interface PerformanceState {
  /** `undefined` until they have come. */
  items: ClassPerformance[] | undefined;
  /** Why there is nothing, where there is nothing. */
  problem: string | undefined;
  /** There is nothing to be had: this deployment keeps no such figures. */
  isNotOffered: boolean;
  reload: () => void;
}

/** What the node classes of an instance (or of all) cost; asked for again when a job has ended. */
export function usePerformance(instanceId: string | undefined): PerformanceState {
  const { api } = useMonitor();
  const [items, setItems] = useState<ClassPerformance[] | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [isNotOffered, setNotOffered] = useState(false);
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
        if (!isNewest()) return;
        setProblem(reason instanceof Error ? reason.message : String(reason));
        setNotOffered(reason instanceof Problem && reason.isNotOffered);
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
    if (ended === first.current || isNotOffered) return;
    const timer = setTimeout(() => {
      first.current = ended;
      reload();
    }, EVERY_MS);
    return () => clearTimeout(timer);
  }, [ended, reload, isNotOffered]);

  return { items, problem, isNotOffered, reload };
}

/** Changes whenever a job has ended. */
function useEndedJobs(): string {
  const { jobs } = useLiveJobs();
  return jobs.reduce((newest, { completedAt = "" }) => (completedAt > newest ? completedAt : newest), "");
}
