"use client";
import { memo, useLayoutEffect, useRef } from "react";

export interface PulseProps {
  size?: number;
}

/** The sign of life: a still core and a breathing halo; all of a page breathe together. */
export const Pulse = memo(function Pulse({ size = 8 }: PulseProps) {
  const halo = useRef<HTMLSpanElement>(null);
  useClient(() => {
    // One clock: as if all had begun when the page did.
    for (const breath of halo.current?.getAnimations?.() ?? []) breath.startTime = 0;
  }, []);
  return (
    <span className="cm-pulse" style={{ width: size, height: size }} aria-hidden>
      <span ref={halo} className="cm-pulse__halo" />
    </span>
  );
});

/** Before paint in a browser; nothing on a server, which would complain. */
const useClient = typeof document === "undefined" ? () => {} : useLayoutEffect;
