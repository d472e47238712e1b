import { createContext, useContext, useSyncExternalStore } from "react";

/** Which node is pointed at, and at which one the keys stand: one for the strip, the graph, the timeline and the list. */
export class Marks {
  private marked: string | undefined;
  private current: string | undefined;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly getMarked = (): string | undefined => this.marked;
  readonly getCurrent = (): string | undefined => this.current;

  readonly mark = (nodeId: string | undefined): void => {
    if (this.marked === nodeId) return;
    this.marked = nodeId;
    this.tell();
  };

  /** Moves the keys to a node, which marks it too. */
  readonly stand = (nodeId: string | undefined): void => {
    if (this.current === nodeId && this.marked === nodeId) return;
    this.current = nodeId;
    this.marked = nodeId;
    this.tell();
  };

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

const Context = createContext<Marks>(new Marks());

export const MarksProvider = Context.Provider;

export function useMarks(): Marks {
  return useContext(Context);
}

/** The node that is pointed at somewhere on the page. */
export function useMarked(): string | undefined {
  const marks = useMarks();
  return useSyncExternalStore(marks.subscribe, marks.getMarked);
}

/** Whether one of these is pointed at; changes nothing for the others. */
export function useIsMarked(...nodeIds: string[]): boolean {
  const marks = useMarks();
  return useSyncExternalStore(marks.subscribe, () => nodeIds.includes(marks.getMarked() ?? ""));
}

/** Whether any is pointed at, so that the others step back. */
export function useAnyMarked(): boolean {
  const marks = useMarks();
  return useSyncExternalStore(marks.subscribe, () => marks.getMarked() !== undefined);
}

/** The node the keys stand at. */
export function useCurrent(): string | undefined {
  const marks = useMarks();
  return useSyncExternalStore(marks.subscribe, marks.getCurrent);
}
