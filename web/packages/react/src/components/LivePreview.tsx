"use client";
import type { Preview } from "../core/frames.js";
import type { JobState } from "../core/reducer.js";

export interface LivePreviewProps {
  state: JobState;
  preview: Preview | undefined;
  /** The last result of this tab, behind what has no preview yet. */
  before?: string | undefined;
  className?: string;
}

/** The picture being made, with its edge light; the result when it is done. */
export function LivePreview(_: LivePreviewProps) {
  return null;
}
