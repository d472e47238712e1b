"use client";
import { memo, type CSSProperties } from "react";
import type { NodeKind } from "../types/index.js";
import { KindIcon, knownKind } from "./KindIcon.js";

export interface NodeTileProps {
  kind: NodeKind;
  size: 18 | 22 | 26 | 44;
}

const ICON = { 18: 11, 22: 13, 26: 15, 44: 24 } as const;

/** A node kind's icon on its slot colour. */
export const NodeTile = memo(function NodeTile({ kind, size }: NodeTileProps) {
  const colour = { "--cm-kind": `var(--cm-kind-${knownKind(kind)})` } as CSSProperties;
  return (
    <span className={`cm-tile cm-tile--${size}`} style={colour} aria-hidden>
      <KindIcon kind={kind} size={ICON[size] ?? 15} />
    </span>
  );
});
