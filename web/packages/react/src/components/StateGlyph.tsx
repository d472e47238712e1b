"use client";
import { memo, useState, type ReactNode } from "react";
import type { ShownState } from "../words/index.js";

export interface StateGlyphProps {
  state: ShownState;
  /** In pixels; 16 unless told. */
  size?: number;
  /** 0 to 100: how far the ring of `running` is filled. */
  percentage?: number;
  /** Read out; without it the glyph is hidden from readers (a word stands beside it). */
  label?: string;
}

/** On a field of 16 by 16; what is solid has its sign cut in the colour of the ground. */
const DRAWINGS: Record<ShownState, ReactNode> = {
  queued: <circle cx="8" cy="8" r="5.75" pathLength="16" strokeDasharray="1.1 .9" strokeDashoffset=".55" />,
  running: null,
  cached: (
    <>
      <path d="M8 1.9 14.1 8 8 14.1 1.9 8z" />
      <path d="M8 1.9v12.2L1.9 8z" fill="currentColor" />
    </>
  ),
  done: (
    <>
      <circle cx="8" cy="8" r="6.75" fill="currentColor" stroke="none" />
      <path className="cm-glyph__cut" d="m5.1 8.2 2 2 3.8-4.1" />
    </>
  ),
  failed: (
    <>
      <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z" fill="currentColor" stroke="none" />
      <path className="cm-glyph__cut" d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
  interrupted: (
    <>
      <rect x="2" y="2" width="12" height="12" rx="3.25" />
      <rect x="5.75" y="5.75" width="4.5" height="4.5" rx=".9" fill="currentColor" stroke="none" />
    </>
  ),
  retrying: (
    <>
      <path d="M13.6 8A5.6 5.6 0 1 1 8 2.4c1.6 0 3.1.65 4.2 1.7l1.2 1.2" />
      <path d="M13.8 1.9v3.8H10z" fill="currentColor" strokeWidth="1" />
    </>
  ),
  stalled: (
    <>
      <path d="M8 2.2 14.3 13.4H1.7z" />
      <path d="M8 6.4v3.1m0 1.75v.05" />
    </>
  ),
  lost: (
    <>
      <path d="M7.1 2.32A5.75 5.75 0 0 1 13.2 10.4M9.2 13.62A5.75 5.75 0 0 1 3 5.1" />
      <path d="m6 6 4.4 4.4" />
    </>
  ),
};

/** The sign of a state: an outline of its own for each, so that colour is never alone. */
export const StateGlyph = memo(function StateGlyph({ state, size = 16, percentage, label }: StateGlyphProps) {
  const [first] = useState(state);
  const named = label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label };
  return (
    <svg
      // A new element for a new state, which fades in; the first does not.
      key={state}
      className={`cm-glyph cm-state--${state}${state === first ? "" : " cm-glyph--changed"}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      {...named}
    >
      {state === "running" ? <Filling percentage={percentage} /> : DRAWINGS[state]}
    </svg>
  );
});

function Filling({ percentage }: { percentage: number | undefined }) {
  return (
    <>
      <circle cx="8" cy="8" r="5.75" opacity=".3" />
      <circle
        className="cm-glyph__arc"
        cx="8"
        cy="8"
        r="5.75"
        pathLength="100"
        strokeDasharray="100 200"
        strokeDashoffset={100 - Math.min(100, Math.max(0, percentage ?? 75))}
        transform="rotate(-90 8 8)"
      />
      <circle className="cm-glyph__core" cx="8" cy="8" r="2.4" stroke="none" />
    </>
  );
}
