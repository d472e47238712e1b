"use client";
import { memo, type ReactNode } from "react";
import { stateWord, type ShownState } from "../words/index.js";
import { StateGlyph } from "./StateGlyph.js";

export interface StateChipProps {
  state: ShownState;
  percentage?: number;
  /** Instead of the state's word. */
  children?: ReactNode;
}

/** A state in a chip: glyph and word. */
export const StateChip = memo(function StateChip({ state, percentage, children }: StateChipProps) {
  return (
    <span className={`cm-chip cm-state--${state}`}>
      <StateGlyph state={state} size={14} {...(percentage !== undefined && { percentage })} />
      <span className="cm-chip__word">{children ?? stateWord(state)}</span>
    </span>
  );
});
