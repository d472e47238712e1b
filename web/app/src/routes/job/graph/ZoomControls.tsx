import { useReactFlow, useStore } from "@xyflow/react";
import { Maximize2, Minimize2, Minus, Plus } from "lucide-react";
import { IconButton } from "../../../controls/Button.js";
import { LEAST_ZOOM, MOST_ZOOM } from "./Graph.js";
import styles from "./Graph.module.css";

export interface ZoomControlsProps {
  onFit: () => void;
  isFilling: boolean;
  onFill: () => void;
}

export function ZoomControls({ onFit, isFilling, onFill }: ZoomControlsProps) {
  const { zoomIn, zoomOut } = useReactFlow();
  const zoom = useStore((store) => store.transform[2]);
  return (
    <div className={styles.controls}>
      <IconButton label="Zoom out" icon={<Minus />} disabled={zoom <= LEAST_ZOOM} onClick={() => void zoomOut()} />
      <button type="button" className={styles.zoom} title="Fit (0)" aria-label={`Zoom ${Math.round(zoom * 100)}%. Fit the graph`} onClick={onFit}>
        {Math.round(zoom * 100)}%
      </button>
      <IconButton label="Zoom in" icon={<Plus />} disabled={zoom >= MOST_ZOOM} onClick={() => void zoomIn()} />
      <span className={styles.rule} aria-hidden="true" />
      <IconButton label={isFilling ? "Back to its size (z)" : "Fill the page (z)"} aria-pressed={isFilling} icon={isFilling ? <Minimize2 /> : <Maximize2 />} onClick={onFill} />
    </div>
  );
}
