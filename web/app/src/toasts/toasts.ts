import type { ReactNode } from "react";
import { Toaster } from "./toaster.js";

export interface Toast {
  tone: "done" | "failed" | "lost" | "interrupted" | "note";
  title: string;
  text?: string;
  action?: { label: string; run: () => void };
  icon?: ReactNode;
  /** How long it stays (ms); errors stay until they are closed. */
  forMs?: number;
}

/** Those of this page. */
export const toaster = new Toaster();

/** Tells something that is not visible on this page; gives what takes it back. */
export function tell(toast: Toast): () => void {
  return toaster.tell(toast);
}
