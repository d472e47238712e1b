"use client";
import type { Generation } from "../types/index.js";

export interface RetryBannerProps {
  generation: Generation;
  onStop?: (() => void) | undefined;
  onTryNow?: (() => void) | undefined;
  onWhatHappened?: (() => void) | undefined;
}

/** What is done about a failed attempt: what changes, what happened, what comes next. */
export function RetryBanner(_: RetryBannerProps) {
  return null;
}
