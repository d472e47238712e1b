import type { JobState } from "@comfyui-monitor/react";
import { lazy, Suspense, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { classes } from "../../../classes.js";
import { Loading } from "../../../controls/Loading.js";
import { useKeys } from "../../../keys/useKeys.js";
import { part } from "../../../parts.js";
import styles from "./GraphFrame.module.css";
import { keptHeight, keepHeight, LEAST_HEIGHT, MOST_HEIGHT, within } from "./height.js";

// The graph and what lays it out are as large as the rest of the page.
const Graph = lazy(part(() => import("./Graph.js")));

export interface GraphFrameProps {
  queueId: string;
  state: JobState;
  names: ReadonlyMap<string, string>;
  isNewest: boolean;
  /** On a phone it has a tab of its own and takes what there is. */
  isTab?: boolean;
}

/** The graph in its frame: as high as its lower edge was dragged to, or the whole page. */
export function GraphFrame({ isTab = false, ...graph }: GraphFrameProps) {
  const [height, setHeight] = useState(keptHeight);
  const [isFilling, setFilling] = useState(false);
  const frame = useRef<HTMLElement>(null);
  const toggle = () => setFilling((is) => !is);
  useKeys({ z: toggle });
  useEffect(() => {
    if (!isFilling) return;
    const leave = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.stopPropagation();
      setFilling(false);
    };
    addEventListener("keydown", leave, true);
    return () => removeEventListener("keydown", leave, true);
  }, [isFilling]);
  const change = (to: number) => {
    setHeight(within(to));
    keepHeight(within(to));
  };
  return (
    <section
      ref={frame}
      aria-label="Graph"
      className={classes(styles.frame, isTab && styles.tab, isFilling && styles.filling)}
      style={isTab || isFilling ? undefined : { height }}
    >
      <Suspense fallback={<Loading><span className={styles.shape} /></Loading>}>
        <Graph {...graph} isFilling={isFilling} onFill={toggle} />
      </Suspense>
      {!isTab && !isFilling && <Edge height={height} onHeight={change} />}
    </section>
  );
}

/** The lower edge: dragged, or moved with the arrow keys. */
function Edge({ height, onHeight }: { height: number; onHeight: (height: number) => void }) {
  const from = useRef<{ y: number; height: number } | undefined>(undefined);
  const down = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { y: event.clientY, height };
  };
  const move = ({ clientY }: PointerEvent) => from.current && onHeight(from.current.height + clientY - from.current.y);
  const key = (event: KeyboardEvent) => {
    const by = { ArrowUp: -24, ArrowDown: 24, PageUp: -120, PageDown: 120 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onHeight(height + by);
  };
  return (
    <div
      role="separator"
      aria-label="Height of the graph"
      aria-orientation="horizontal"
      aria-valuenow={height}
      aria-valuemin={LEAST_HEIGHT}
      aria-valuemax={MOST_HEIGHT}
      tabIndex={0}
      className={styles.edge}
      title="Drag to change the height"
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={() => (from.current = undefined)}
      onPointerCancel={() => (from.current = undefined)}
      onKeyDown={key}
    />
  );
}
