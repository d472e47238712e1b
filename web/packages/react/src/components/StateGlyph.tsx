"use client";
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

/** The sign of a state: an outline of its own for each, so that colour is never alone. */
export function StateGlyph(_: StateGlyphProps) {
  return null;
}
