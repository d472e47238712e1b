import type { Edge, EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { classes } from "../../../classes.js";
import { useIsMarked } from "../data/marked.js";
import { useFlowed } from "./context.js";
import type { PlacedWire } from "./layout.js";
import styles from "./WireEdge.module.css";

export type WireEdgeType = Edge<{ wire: PlacedWire }, "wire">;

/** A wire in its slot's colour; dotted until its data is there. Its path was laid once and stays. */
export const WireEdge = memo(function WireEdge({ data }: EdgeProps<WireEdgeType>) {
  const wire = data?.wire;
  const flowed = useFlowed(wire?.source ?? "", wire?.target ?? "");
  const isMarked = useIsMarked(wire?.source ?? "", wire?.target ?? "");
  if (!wire) return null;
  const names = classes(styles.wire, flowed ? styles.flowed : styles.coming, isMarked && styles.marked);
  return <path d={wire.path} className={names} style={{ stroke: `var(--cm-slot-${wire.slot})` }} />;
});
