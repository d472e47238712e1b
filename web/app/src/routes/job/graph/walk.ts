/** Where the arrow keys lead in a graph. Pure. */
import type { Node } from "@comfyui-monitor/react";
import type { Layout } from "./layout.js";

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** Left and right follow wires, up and down go to the neighbour in the column; nothing there: the same node. */
export function walk(nodes: readonly Node[], layout: Layout, from: string | undefined, arrow: Arrow): string | undefined {
  const place = from === undefined ? undefined : layout.places.get(from);
  if (from === undefined || !place) return nodes.find(({ nodeId }) => layout.places.has(nodeId))?.nodeId;
  const nearest = (ids: Iterable<string>) => {
    const near = [...new Set(ids)].filter((id) => layout.places.has(id));
    const far = (id: string) => Math.abs((layout.places.get(id)?.y ?? 0) - place.y);
    return near.sort((one, other) => far(one) - far(other))[0] ?? from;
  };
  switch (arrow) {
    case "ArrowLeft":
      return nearest(layout.wires.filter(({ target }) => target === from).map(({ source }) => source));
    case "ArrowRight":
      return nearest(layout.wires.filter(({ source }) => source === from).map(({ target }) => target));
    case "ArrowUp":
      return nearest(inColumn(layout, place.x).filter((id) => (layout.places.get(id)?.y ?? 0) < place.y));
    case "ArrowDown":
      return nearest(inColumn(layout, place.x).filter((id) => (layout.places.get(id)?.y ?? 0) > place.y));
  }
}

function inColumn(layout: Layout, x: number): string[] {
  return [...layout.places].filter(([, place]) => Math.abs(place.x - x) < 1).map(([id]) => id);
}

/** The next or previous one in the order of the graph. */
export function stepThrough(nodes: readonly Node[], from: string | undefined, by: 1 | -1): string | undefined {
  const at = nodes.findIndex(({ nodeId }) => nodeId === from);
  if (at < 0) return (by === 1 ? nodes[0] : nodes[nodes.length - 1])?.nodeId;
  return nodes[Math.min(nodes.length - 1, Math.max(0, at + by))]?.nodeId;
}
