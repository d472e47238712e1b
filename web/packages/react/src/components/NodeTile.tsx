"use client";
import type { NodeKind } from "../types/index.js";

export interface NodeTileProps {
  kind: NodeKind;
  size: 18 | 22 | 26 | 44;
}

/** A node kind's icon on its slot colour. */
export function NodeTile(_: NodeTileProps) {
  return null;
}
