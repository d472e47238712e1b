/** Workflows in API format, small enough to know by heart. */
export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown>; _meta?: { title: string } }>;

export const TITLE = "a lighthouse at dusk, oil on canvas";

/** Text to image: checkpoint 4, texts 6 and 7, sampler 3 with 20 steps, decoder 8, saver 9. */
export function portrait(prompt = TITLE): Graph {
  return {
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "random-sd15.safetensors" } },
    "5": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 768, batch_size: 1 } },
    "6": { class_type: "CLIPTextEncode", inputs: { text: prompt, clip: ["4", 1] } },
    "7": { class_type: "CLIPTextEncode", inputs: { text: "blurry, watermark", clip: ["4", 1] } },
    "3": {
      class_type: "KSampler",
      inputs: {
        seed: 42, steps: 20, cfg: 7, sampler_name: "euler", scheduler: "normal", denoise: 1,
        model: ["4", 0], positive: ["6", 0], negative: ["7", 0], latent_image: ["5", 0],
      },
      _meta: { title: "KSampler" },
    },
    "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
    "9": { class_type: "SaveImage", inputs: { filename_prefix: "e2e/portrait", images: ["8", 0] } },
  };
}

/** The portrait four at a time: there is a batch to halve. */
export function four(): Graph {
  const graph = portrait();
  const latent = graph["5"];
  if (latent) latent.inputs.batch_size = 4;
  return graph;
}

/** Two that can run at once, and a picture of each. */
export function parallel(): Graph {
  return {
    "1": { class_type: "LoadImage", inputs: { image: "a.png" } },
    "2": { class_type: "LoadImage", inputs: { image: "b.png" } },
    "11": { class_type: "KlingImage2VideoNode", inputs: { image: ["1", 0] }, _meta: { title: "Left hand" } },
    "12": { class_type: "KlingImage2VideoNode", inputs: { image: ["2", 0] }, _meta: { title: "Right hand" } },
    "21": { class_type: "SaveImage", inputs: { filename_prefix: "e2e/left", images: ["11", 0] } },
    "22": { class_type: "SaveImage", inputs: { filename_prefix: "e2e/right", images: ["12", 0] } },
  };
}

/** Both nodes of {@link parallel} run; the first to get so far stands still, and the other with it. */
export const AT_ONCE = {
  "1": { cached: true },
  "2": { cached: true },
  "11": { parallel: true, heldAt: 3, steps: 10 },
  "12": { parallel: true, heldAt: 6, steps: 10 },
};

export function file(graph: Graph, name = "lighthouse.json") {
  return { name, type: "application/json", bytes: JSON.stringify(graph) };
}
