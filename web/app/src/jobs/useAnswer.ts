import type { Problem } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";

/** What was asked for, as far as it is known. */
export interface Answer<T> {
  value: T | undefined;
  problem: Problem | undefined;
}

const NONE: Answer<never> = { value: undefined, problem: undefined };

/** Asks once for every `key`; without one, not at all. An answer to an earlier key is never shown. */
export function useAnswer<T>(key: string | undefined, ask: () => Promise<T>): Answer<T> {
  const [held, setHeld] = useState<Answer<T> & { key: string | undefined }>({ ...NONE, key: undefined });
  useEffect(() => {
    if (key === undefined) return;
    let wanted = true;
    ask().then(
      (value) => wanted && setHeld({ key, value, problem: undefined }),
      (problem: Problem) => wanted && setHeld({ key, value: undefined, problem }),
    );
    return () => {
      wanted = false;
    };
    // The key says what is asked.
  }, [key]);
  return held.key === key ? held : NONE;
}
