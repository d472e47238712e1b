import "@xyflow/react/dist/base.css";
import { Background, ReactFlow, ReactFlowProvider, useReactFlow, useStore, useStoreApi, type Node as FlowNode } from "@xyflow/react";
import type { JobState } from "@comfyui-monitor/react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useKeys } from "../../../keys/useKeys.js";
import { useAnyMarked, useCurrent, useMarks } from "../data/marked.js";
import { shortCause } from "../../../jobs/failed/words.js";
import { Board, tilesOf } from "./board.js";
import { GraphProvider } from "./context.js";
import styles from "./Graph.module.css";
import { JobNode } from "./JobNode.js";
import { layOut, layoutKey, NODE_HEIGHT, NODE_WIDTH, type Layout } from "./layout.js";
import { NodeOptions, optionId } from "./NodeOptions.js";
import { walk, type Arrow } from "./walk.js";
import { WireEdge, type WireEdgeType } from "./WireEdge.js";
import { ZoomControls } from "./ZoomControls.js";

export interface GraphProps {
  queueId: string;
  state: JobState;
  names: ReadonlyMap<string, string>;
  /** Whether the live previews belong to what is shown. */
  isNewest: boolean;
  isFilling: boolean;
  onFill: () => void;
}

const NODE_TYPES = { job: JobNode };
const EDGE_TYPES = { wire: WireEdge };
export const LEAST_ZOOM = 0.25;
export const MOST_ZOOM = 2;
/** Under this, names hide. */
const FAR = 0.5;
const FIT = { padding: 0.07, maxZoom: 1, minZoom: LEAST_ZOOM };

/** The graph of a job: laid out once, then only its nodes change. */
export default function Graph(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ queueId, state, names, isNewest, isFilling, onFill }: GraphProps) {
  const nodes = state.generation?.nodes ?? [];
  const key = layoutKey(nodes);
  const layout = useMemo(() => layOut(nodes), [key]);
  const flow = useMemo(() => flowOf(layout), [layout]);
  const tiles = useMemo(() => tilesOf(state, names, shortCause), [state, names]);
  const [board] = useState(() => new Board(tiles));
  useLayoutEffect(() => board.set(tiles), [board, tiles]);
  const context = useMemo(() => ({ board, queueId, isNewest }), [board, queueId, isNewest]);
  const isMarking = useAnyMarked();
  const isFar = useStore((store) => store.transform[2] < FAR);
  const marks = useMarks();
  const current = useCurrent();
  const { fitView } = useReactFlow();
  const fit = useCallback(() => void fitView({ ...FIT, duration: glide() }), [fitView]);
  useKeys({ "0": fit });
  useRefit(layout, isFilling, fit);
  useFirstSight(layout, state.running[0]?.displayNodeId);
  useBringIntoView(layout, current);

  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.key.startsWith("Arrow") || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    marks.stand(walk(nodes, layout, marks.getCurrent(), event.key as Arrow));
  };
  return (
    <GraphProvider value={context}>
      <div
        className={styles.graph}
        // Not a listbox: letters are keys of the page here, not typed to find a node.
        role="tree"
        tabIndex={0}
        aria-label="Nodes of the graph, in the order they run. Arrow keys follow wires"
        aria-activedescendant={current === undefined ? undefined : optionId(current)}
        onKeyDown={onKeyDown}
        onFocus={(event) => event.target === event.currentTarget && marks.getCurrent() === undefined && marks.stand(nodes[0]?.nodeId)}
        data-marking={isMarking || undefined}
        data-far={isFar || undefined}
      >
        <NodeOptions nodes={nodes} current={current} />
        <div className={styles.canvas} aria-hidden="true">
          <ReactFlow
            nodes={flow.nodes}
            edges={flow.edges}
            nodeTypes={NODE_TYPES}
            edgeTypes={EDGE_TYPES}
            onlyRenderVisibleElements={flow.nodes.length > MANY}
            minZoom={LEAST_ZOOM}
            maxZoom={MOST_ZOOM}
            fitView
            fitViewOptions={FIT}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            disableKeyboardA11y
            deleteKeyCode={null}
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            zoomActivationKeyCode={null}
            panActivationKeyCode={null}
            zoomOnDoubleClick={false}
            // The page scrolls through it, unless it is the page.
            zoomOnScroll={isFilling}
            preventScrolling={isFilling}
            proOptions={{ hideAttribution: true }}
            onPaneClick={() => marks.stand(undefined)}
          >
            <Background gap={20} size={1.2} color="var(--cm-line)" />
          </ReactFlow>
        </div>
      </div>
      <ZoomControls onFit={fit} isFilling={isFilling} onFill={onFill} />
    </GraphProvider>
  );
}

/** Below this, leaving out what is not in view costs more than it saves. */
const MANY = 60;

function flowOf(layout: Layout): { nodes: FlowNode[]; edges: WireEdgeType[] } {
  const nodes = [...layout.places].map(([id, position]) => ({ id, type: "job", position, width: NODE_WIDTH, height: NODE_HEIGHT, data: {} }));
  const edges = layout.wires.map((wire): WireEdgeType => ({ id: wire.id, type: "wire", source: wire.source, target: wire.target, data: { wire } }));
  return { nodes, edges };
}

/** Another graph, or another size, is seen whole. */
function useRefit(layout: Layout, isFilling: boolean, fit: () => void): void {
  const seen = useRef({ layout, isFilling });
  useEffect(() => {
    if (seen.current.layout === layout && seen.current.isFilling === isFilling) return;
    seen.current = { layout, isFilling };
    // After the canvas has measured itself.
    const timer = setTimeout(fit, 50);
    return () => clearTimeout(timer);
  }, [layout, isFilling, fit]);
}

/** A graph too large to be seen whole begins at the node that runs. */
function useFirstSight(layout: Layout, running: string | undefined): void {
  const store = useStoreApi();
  const { setCenter } = useReactFlow();
  const seen = useRef<Layout | undefined>(undefined);
  useEffect(() => {
    const place = running === undefined ? undefined : layout.places.get(running);
    if (!place || seen.current === layout) return;
    seen.current = layout;
    const { width, height } = store.getState();
    if (layout.width * LEAST_ZOOM <= width && layout.height * LEAST_ZOOM <= height) return;
    // After it was fitted as far as it can be.
    const timer = setTimeout(() => void setCenter(place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2, { zoom: FAR }), 120);
    return () => clearTimeout(timer);
  }, [layout, running, store, setCenter]);
}

/** The node that the keys stand at does not stay out of sight. */
function useBringIntoView(layout: Layout, current: string | undefined): void {
  const store = useStoreApi();
  const { setCenter } = useReactFlow();
  useEffect(() => {
    const place = current === undefined ? undefined : layout.places.get(current);
    if (!place) return;
    const { transform, width, height } = store.getState();
    const [x, y, zoom] = transform;
    const [left, top] = [place.x * zoom + x, place.y * zoom + y];
    if (left >= 0 && top >= 0 && left + NODE_WIDTH * zoom <= width && top + NODE_HEIGHT * zoom <= height) return;
    void setCenter(place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2, { zoom, duration: glide() });
  }, [current, layout, store, setCenter]);
}

function glide(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200;
}
