"use client";
import { memo, type CSSProperties } from "react";
import { useGlide } from "../hooks/useGlide.js";
import { roughly } from "../words/index.js";

export interface StepBarProps {
  /** Steps done and of how many; absent where the node counts none. */
  value?: number | undefined;
  max?: number | undefined;
  /** Without steps: what it has taken and what it usually takes (ms). */
  elapsedMs?: number | undefined;
  expectedMs?: number | undefined;
  /** Where an earlier attempt stopped. */
  ghost?: { value: number; attempt: number } | undefined;
  height?: 10 | 5;
  label: string;
}

/** More notches than these are a pattern, not steps. */
const MOST_NOTCHES = 40;

/** The steps of one node. */
export const StepBar = memo(function StepBar({ value, max, elapsedMs, expectedMs, ghost, height = 10, label }: StepBarProps) {
  const counts = value !== undefined && max !== undefined && max > 0;
  const percentage = counts ? Math.min(100, Math.max(0, (100 * value) / max)) : softEnd(elapsedMs, expectedMs);
  const glides = useGlide(percentage);
  const style = {
    "--cm-lit": `${percentage}%`,
    "--cm-dark": `${percentage - 100}%`,
    "--cm-glide": `${counts ? glides : 800}ms`,
    ...(counts && { "--cm-steps": max }),
  } as CSSProperties;
  const told = counts
    ? { "aria-valuenow": value, "aria-valuemin": 0, "aria-valuemax": max, "aria-valuetext": `${value} of ${max} steps` }
    : expectedMs !== undefined && { "aria-valuetext": `usually ${roughly(expectedMs)}` };
  return (
    <div className={`cm-step cm-step--${height}${counts ? "" : " cm-step--soft"}`} style={style}>
      <div className="cm-step__bar" role="progressbar" aria-label={label} {...told}>
        <div className="cm-step__clip">
          <div className="cm-step__lit" />
          {counts && height === 10 && max > 1 && max <= MOST_NOTCHES && <div className="cm-step__notches" />}
        </div>
        {counts && height === 10 && percentage > 0 && <div className="cm-step__head" />}
        {counts && ghost && <GhostMark ghost={ghost} value={value} max={max} worded={height === 10} />}
      </div>
    </div>
  );
});

interface GhostMarkProps {
  ghost: { value: number; attempt: number };
  value: number;
  max: number;
  worded: boolean;
}

function GhostMark({ ghost, value, max, worded }: GhostMarkProps) {
  const past = value > ghost.value;
  const at = `${Math.min(100, Math.max(0, (100 * ghost.value) / max))}%`;
  const said = past ? `past where attempt ${ghost.attempt} stopped` : `attempt ${ghost.attempt} stopped here`;
  return (
    <div className={`cm-step__ghost${past ? " cm-step__ghost--past" : ""}`} style={{ "--cm-at": at } as CSSProperties}>
      <span className="cm-step__mark" />
      {worded && <span className="cm-step__said">{said}</span>}
    </div>
  );
}

/** Where the soft head of a bar without steps stands: it slows towards the expected end, and stops at 90%. */
export function softEnd(elapsedMs = 0, expectedMs = 20_000): number {
  return 90 * (1 - Math.exp((-2 * Math.max(0, elapsedMs)) / Math.max(1, expectedMs)));
}
