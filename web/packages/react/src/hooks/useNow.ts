"use client";
import { useEffect, useState } from "react";

/** The time (ms since the epoch), renewed while `active` and the tab is seen. */
export function useNow(everyMs: number, active = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const tell = () => {
      if (!document.hidden) setNow(Date.now());
    };
    tell();
    const timer = setInterval(tell, everyMs);
    document.addEventListener("visibilitychange", tell);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tell);
    };
  }, [everyMs, active]);
  return now;
}
