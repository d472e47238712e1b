/** Text to image, as `POST /v1/workflows` answers it. */
import type { FormInput, Workflow, WorkflowForm } from "@comfyui-monitor/react";

const node = (class_type: string) => ({ class_type, inputs: {} });

export const WORKFLOW: Workflow = {
  "4": node("CheckpointLoaderSimple"),
  "5": node("EmptyLatentImage"),
  "6": node("CLIPTextEncode"),
  "7": node("CLIPTextEncode"),
  "3": node("KSampler"),
  "8": node("VAEDecode"),
  "9": node("SaveImage"),
};

export function input(about: Partial<FormInput>): FormInput {
  return { nodeId: "9", input: "value", label: "Value", nodeTitle: "Save Image", role: "other", type: "string", value: "", ...about };
}

const sampler = (about: Partial<FormInput>) => input({ nodeId: "3", nodeTitle: "K-Sampler", ...about });
const latent = (about: Partial<FormInput>) => input({ nodeId: "5", nodeTitle: "Empty Latent Image", type: "int", ...about });

export const INPUTS: FormInput[] = [
  input({ nodeId: "6", nodeTitle: "CLIP Text Encoder", input: "text", label: "Prompt", role: "prompt", type: "text", value: "a cat" }),
  input({ nodeId: "7", nodeTitle: "CLIP Text Encoder", input: "text", label: "Negative prompt", role: "negative", type: "text", value: "blurry" }),
  input({
    nodeId: "4", nodeTitle: "Checkpoint Loader", input: "ckpt_name", label: "Model", role: "model", type: "choice",
    value: "sd15.safetensors", choices: ["sd15.safetensors", "sdxl.safetensors"],
  }),
  sampler({ input: "seed", label: "Seed", role: "seed", type: "int", value: 1000, min: 0, max: "18446744073709551615" }),
  latent({ input: "width", label: "Width", role: "width", value: 128, min: 16, max: 16384, step: 8 }),
  latent({ input: "height", label: "Height", role: "height", value: 128, min: 16, max: 16384, step: 8 }),
  sampler({ input: "steps", label: "Steps", role: "steps", type: "int", value: 20, min: 1, max: 10000 }),
  sampler({ input: "cfg", label: "CFG", role: "cfg", type: "float", value: 7, min: 0, max: 100, step: 0.1 }),
  sampler({ input: "sampler_name", label: "Sampler", role: "sampler", type: "choice", value: "euler", choices: ["euler", "heun"] }),
  sampler({ input: "scheduler", label: "Scheduler", role: "scheduler", type: "choice", value: "normal", choices: ["normal", "karras"] }),
  latent({ input: "batch_size", label: "Batch size", value: 1, min: 1, max: 4096 }),
  sampler({ input: "denoise", label: "Denoise", type: "float", value: 1, min: 0, max: 1, step: 0.01 }),
];

export const FORM: WorkflowForm = { workflow: WORKFLOW, title: "a cat", inputs: INPUTS, warnings: [] };
