/** Where workflows come from: files, and jobs that ran. */
import { Problem, type Api, type Generation, type WorkflowForm } from "@comfyui-monitor/react";
import type { Loaded } from "./form.js";

/** Files ComfyUI writes its workflow into; the server has the last word. */
export const ACCEPTED = ".json,.png,.webp,.webm,.mp4,.flac,.mp3,.opus,.glb,.svg,.latent,application/json,image/*";

export async function ofFile(api: Api, file: File, instanceId?: string): Promise<Loaded> {
  return { ...(await api.workflow(file, instanceId)), name: file.name };
}

/** The inputs of an attempt of a job. */
export async function ofJob(api: Api, promptId: string, instanceId?: string): Promise<Loaded> {
  const [graph, job] = await Promise.all([
    api.jobWorkflow(promptId),
    api.job(promptId).catch((): Generation | undefined => undefined),
  ]);
  const form: WorkflowForm = await api.workflow(graph, instanceId);
  return { ...form, name: job?.title || form.title };
}

/** The newest job of a server, or of all. */
export async function newestJob(api: Api, instanceId?: string): Promise<string | undefined> {
  const { items } = await api.generations({ limit: "20", ...(instanceId !== undefined && { instanceId }) });
  // Those that failed are the least of an example.
  return (items.find(({ status }) => status === "completed" || status === "processing") ?? items[0])?.promptId;
}

export interface NoWorkflow {
  title: string;
  text: string;
}

/** Why there is no workflow, as a heading and what is under it. */
export function noWorkflow(problem: unknown): NoWorkflow {
  if (!(problem instanceof Problem)) return { title: "This could not be read", text: String(problem) };
  if (problem.status === 0) return { title: "The monitor does not answer", text: "Choose the file again once it is back" };
  const [, title = problem.message, text = ""] = /^(.{1,120}?)\. (.+)$/s.exec(problem.message) ?? [];
  return { title, text };
}
