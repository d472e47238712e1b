/** Wires of the graph: what flows in them, and whether it has. Pure. */
import type { Dependency, Node, NodeKind } from "@comfyui-monitor/react";

export type Slot = "model" | "clip" | "vae" | "cond" | "latent" | "image" | "mask" | "video" | "audio" | "other";

const SLOTS: Record<string, Slot> = {
  MODEL: "model",
  UPSCALE_MODEL: "model",
  CLIP: "clip",
  CLIP_VISION: "clip",
  CLIP_VISION_OUTPUT: "clip",
  VAE: "vae",
  CONDITIONING: "cond",
  CONTROL_NET: "cond",
  LATENT: "latent",
  NOISE: "latent",
  SIGMAS: "latent",
  IMAGE: "image",
  MASK: "mask",
  VIDEO: "video",
  AUDIO: "audio",
};

/** Of the node that feeds it, where the server did not tell the type. */
const OF_KIND: Record<NodeKind, Slot> = {
  loader: "model",
  text_encoder: "cond",
  sampler: "latent",
  vae: "image",
  upscaler: "image",
  saver: "image",
  preview: "image",
  image: "image",
  latent: "latent",
  mask: "mask",
  video: "video",
  audio: "audio",
  model3d: "other",
  control: "cond",
  math: "other",
  other: "other",
};

/** The colour of a wire, as ComfyUI has it. */
export function slotOf({ type }: Pick<Dependency, "type">, source: Pick<Node, "kind">): Slot {
  if (type === undefined) return OF_KIND[source.kind];
  return Object.hasOwn(SLOTS, type) ? (SLOTS[type] as Slot) : "other";
}

/** Whether what flows in it is there: its source made it, or its target kept what it made of it. */
export function hasFlowed(source: Node["state"] | undefined, target: Node["state"] | undefined): boolean {
  if (source === "finished" || source === "cached") return true;
  return target === "cached";
}

export interface Wire {
  id: string;
  source: string;
  target: string;
  slot: Slot;
  /** Place among those that leave the source and reach the target, from -1 (top) to 1. */
  out: number;
  into: number;
}

/** All wires between nodes that are there; an input that is fed twice by one node is two wires. */
export function wiresOf(nodes: readonly Node[]): Wire[] {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const leaving = new Map<string, number[]>();
  for (const { dependencies } of nodes) {
    for (const { nodeId, output } of dependencies) {
      const outputs = leaving.get(nodeId) ?? [];
      if (!outputs.includes(output)) leaving.set(nodeId, [...outputs, output].sort((one, other) => one - other));
    }
  }
  return nodes.flatMap((node) => {
    const inputs = node.dependencies.filter(({ nodeId }) => byId.has(nodeId) && nodeId !== node.nodeId);
    return inputs.map((dependency, at) => {
      const source = byId.get(dependency.nodeId) as Node;
      const outputs = leaving.get(source.nodeId) ?? [];
      return {
        id: `${source.nodeId}:${dependency.output}>${node.nodeId}:${dependency.input}`,
        source: source.nodeId,
        target: node.nodeId,
        slot: slotOf(dependency, source),
        out: spread(outputs.indexOf(dependency.output), outputs.length),
        into: spread(at, inputs.length),
      };
    });
  });
}

function spread(at: number, of: number): number {
  return of < 2 ? 0 : (at / (of - 1)) * 2 - 1;
}
