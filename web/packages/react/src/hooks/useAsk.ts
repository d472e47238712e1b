"use client";
import { useCallback, useEffect, useRef, useState } from "react";

export interface Ask {
  /** What is being asked for, until it is answered. */
  asking: string | undefined;
  /** Why it could not be done. */
  problem: string | undefined;
  /** Asks for something, under a name; one thing at a time. */
  ask: (name: string, what: () => Promise<unknown>) => void;
}

/** Things asked of the monitor by buttons: what is under way, and what went wrong. */
export function useAsk(): Ask {
  const [asking, setAsking] = useState<string | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const busy = useRef(false);
  const alive = useRef(true);
  useEffect(() => {
    alive.current = true;
    return () => void (alive.current = false);
  }, []);
  const ask = useCallback((name: string, what: () => Promise<unknown>) => {
    if (busy.current) return;
    busy.current = true;
    setAsking(name);
    setProblem(undefined);
    what()
      .catch((cause: unknown) => alive.current && setProblem(cause instanceof Error ? cause.message : String(cause)))
      .finally(() => {
        busy.current = false;
        if (alive.current) setAsking(undefined);
      });
  }, []);
  return { asking, problem, ask };
}
