import { createContext, useContext, useSyncExternalStore } from "react";
import { Board, type Tile } from "./board.js";
import { hasFlowed } from "./wires.js";

export interface GraphContext {
  board: Board;
  queueId: string;
  /** Whether previews belong to the attempt that is shown. */
  isNewest: boolean;
}

const Context = createContext<GraphContext>({ board: new Board(), queueId: "", isNewest: true });

export const GraphProvider = Context.Provider;

export function useGraph(): GraphContext {
  return useContext(Context);
}

/** One node, as it stands. */
export function useTile(nodeId: string): Tile | undefined {
  const { board } = useGraph();
  return useSyncExternalStore(
    (listener) => board.subscribe([nodeId], listener),
    () => board.tile(nodeId),
  );
}

/** Whether a wire's data is there. */
export function useFlowed(source: string, target: string): boolean {
  const { board } = useGraph();
  return useSyncExternalStore(
    (listener) => board.subscribe([source, target], listener),
    () => hasFlowed(board.stateOf(source), board.stateOf(target)),
  );
}
