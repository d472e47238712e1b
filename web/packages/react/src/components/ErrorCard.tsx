"use client";
import type { Generation, JobError } from "../types/index.js";

export interface ErrorCardProps {
  error: JobError;
  /** For Copy all: versions, attempts and their changes. */
  generation?: Generation | undefined;
  comfyuiVersion?: string | undefined;
  /** Opens the traceback at once. */
  open?: boolean;
}

/** An error whole: type, node, message, traceback. */
export function ErrorCard(_: ErrorCardProps) {
  return null;
}
