import { Problem, useMonitor, type Instance, type Reading } from "@comfyui-monitor/react";
import { useEffect, useRef, useState } from "react";
import { isAnswering } from "./connection.js";
import { mergedReadings } from "./memory.js";

/** As often as the monitor reads. */
const EVERY_MS = 10_000;
const NONE: Reading[] = [];

export interface Readings {
  readings: readonly Reading[];
  /** There are none to be had: this deployment keeps none. */
  isNotOffered: boolean;
}

/** GPU memory of the last 30 min, kept current while the page is looked at and the instance answers. */
export function useReadings(instance: Instance, wanted: boolean): Readings {
  const { api } = useMonitor();
  const { instanceId } = instance;
  const answering = isAnswering(instance);
  const [readings, setReadings] = useState<Reading[]>(NONE);
  const [isNotOffered, setNotOffered] = useState(false);
  const newest = useRef<string | undefined>(undefined);
  newest.current = readings.at(-1)?.t;

  useEffect(() => {
    if (!wanted || isNotOffered) return;
    let gone = false;
    const read = async () => {
      if (document.hidden) return;
      // What cannot be read now is read next time; what was read stays.
      const fresh = await api.readings(instanceId, newest.current).catch((problem: unknown) => {
        if (!gone && problem instanceof Problem) setNotOffered(problem.isNotOffered);
        return NONE;
      });
      if (!gone && fresh.length > 0) setReadings((known) => mergedReadings(known, fresh));
    };
    void read();
    const timer = answering ? setInterval(() => void read(), EVERY_MS) : undefined;
    const shown = () => void read();
    document.addEventListener("visibilitychange", shown);
    return () => {
      gone = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [api, instanceId, wanted, answering, isNotOffered]);

  return { readings, isNotOffered };
}
