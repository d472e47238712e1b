"use client";
import type { Overrides, Workflow } from "../types/index.js";

export interface GenerateClientProps {
  /** What the button submits; without it the component only watches `queueId`. */
  workflow?: Workflow | undefined;
  overrides?: Overrides | undefined;
  /** A generation to follow from the start. */
  queueId?: string | undefined;
  title?: string | undefined;
  /** Live previews; on unless told. */
  previews?: boolean;
  className?: string;
  onSubmitted?: (queueId: string) => void;
}

/** One generation, whole: button, strip, panel, preview, retries, errors, results. */
export function GenerateClient(_: GenerateClientProps) {
  return null;
}
