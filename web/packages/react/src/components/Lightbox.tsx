"use client";
import type { Output } from "../types/index.js";

export interface LightboxProps {
  outputs: Output[];
  /** Which one is open; `undefined`: closed. */
  index: number | undefined;
  onIndex: (index: number | undefined) => void;
  title: string;
  seed?: string | undefined;
  nodeTitle?: (nodeId: string) => string | undefined;
  onUseInputs?: ((output: Output) => void) | undefined;
}

/** One result whole, with what made it. */
export function Lightbox(_: LightboxProps) {
  return null;
}
