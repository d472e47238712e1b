"use client";
import type { NodeKind } from "../types/index.js";

export interface KindIconProps {
  kind: NodeKind;
  size?: number;
}

/** The icon of a node kind. */
export function KindIcon(_: KindIconProps) {
  return null;
}
