"use client";
import { memo, useId, type CSSProperties } from "react";
import { useGlide } from "../hooks/useGlide.js";

export interface LogoProps {
  size?: number;
  /** Progress of this tab; none: at rest. */
  percentage?: number;
  state?: "idle" | "running" | "done" | "failed";
}

/** A square with round corners, from top centre, clockwise. */
const EDGE = "M12 2.6h4.2a5.2 5.2 0 0 1 5.2 5.2v8.4a5.2 5.2 0 0 1-5.2 5.2H7.8a5.2 5.2 0 0 1-5.2-5.2V7.8a5.2 5.2 0 0 1 5.2-5.2z";

/** The logo, which is the progress of this tab. */
export const Logo = memo(function Logo({ size = 24, percentage, state = percentage === undefined ? "idle" : "running" }: LogoProps) {
  const id = `cm-logo-${useId().replace(/\W/g, "")}`;
  const glides = useGlide(percentage);
  const arc = { strokeDashoffset: 100 - Math.min(100, Math.max(0, percentage ?? 0)), stroke: `url(#${id})`, "--cm-glide": `${glides}ms` } as CSSProperties;
  return (
    <svg className={`cm-logo cm-logo--${state}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden>
      <path className="cm-logo__ring" d={EDGE} />
      {state === "running" && (
        <>
          <linearGradient id={id} gradientUnits="userSpaceOnUse" x1="19" y1="3" x2="5" y2="21">
            <stop style={{ stopColor: "var(--cm-tail)" }} />
            <stop offset=".6" style={{ stopColor: "var(--cm-amber)" }} />
            <stop offset="1" style={{ stopColor: "var(--cm-head)" }} />
          </linearGradient>
          <path className="cm-logo__arc" d={EDGE} pathLength="100" strokeDasharray="100 200" style={arc} />
        </>
      )}
      {state === "done" && <path className="cm-logo__sign" d="m7.8 12.3 2.9 2.9 5.5-6" />}
      {state === "failed" && <path className="cm-logo__sign" d="m8.9 8.9 6.2 6.2m0-6.2-6.2 6.2" />}
      {(state === "idle" || state === "running") && <circle className="cm-logo__core" cx="12" cy="12" r="3.6" />}
    </svg>
  );
});
