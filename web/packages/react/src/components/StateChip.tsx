"use client";
import type { ReactNode } from "react";
import type { ShownState } from "../words/index.js";

export interface StateChipProps {
  state: ShownState;
  percentage?: number;
  /** Instead of the state's word. */
  children?: ReactNode;
}

/** A state in a chip: glyph and word. */
export function StateChip(_: StateChipProps) {
  return null;
}
