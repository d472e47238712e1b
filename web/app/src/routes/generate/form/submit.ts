/** From the form to a job. */
import { Problem, type MonitorClient, type Submission } from "@comfyui-monitor/react";
import { made, ownJobs, unmade } from "../session.js";
import { form, refuse, type FormState } from "./form.js";
import { uuid } from "./ids.js";
import { draftOf, errorsOf, keyOf, overridesOf } from "./values.js";

/** What is sent; the same submission again (after no answer) is the same job. */
export function submissionOf(state: FormState, ids: { queueId: string; idempotencyKey: string }): Submission | undefined {
  const { loaded, drafts, instanceId } = state;
  if (!loaded || Object.keys(errorsOf(loaded.inputs, drafts)).length > 0) return undefined;
  const overrides = overridesOf(loaded.inputs, drafts);
  // Where there is a prompt the server names the job after it.
  const isNamed = loaded.inputs.some((input) => input.role === "prompt" && draftOf(input, drafts).trim() !== "");
  return {
    workflow: loaded.workflow,
    ...ids,
    ...(Object.keys(overrides).length > 0 && { overrides }),
    ...(instanceId !== undefined && { instanceId }),
    ...(!isNamed && loaded.title && { title: [...loaded.title].slice(0, 200).join("") }),
  };
}

export function seedOf({ loaded, drafts }: FormState): string | undefined {
  const input = loaded?.inputs.find(({ role }) => role === "seed");
  return input && draftOf(input, drafts).replace(/\s/g, "");
}

let unanswered: { submission: string; ids: { queueId: string; idempotencyKey: string } } | undefined;

/**
 * Sends the form. Gives the job's id; `undefined` where ComfyUI refused it (its words are then at the fields); throws
 * where it was not taken for another reason.
 */
export async function send(client: MonitorClient, stores = { form, ownJobs }): Promise<string | undefined> {
  const state = stores.form.get();
  const what = JSON.stringify([state.loaded?.name, state.drafts, state.instanceId]);
  const ids = unanswered?.submission === what ? unanswered.ids : { queueId: uuid(), idempotencyKey: uuid() };
  const submission = submissionOf(state, ids);
  if (!submission) return undefined;
  const seed = seedOf(state);
  refuse([], stores.form);
  // Known before it is sent, so that it is followed from its first word.
  made({ queueId: ids.queueId, ...(seed !== undefined && { seed }) }, stores.ownJobs);
  try {
    const { queueId } = await client.generate(submission);
    unanswered = undefined;
    return queueId;
  } catch (problem) {
    unmade(ids.queueId, stores.ownJobs);
    unanswered = isUnanswered(problem) ? { submission: what, ids } : undefined;
    if (!(problem instanceof Problem) || problem.nodeErrors.length === 0) throw problem;
    refuse(problem.nodeErrors, stores.form);
    return undefined;
  }
}

/** It may have been recorded all the same: a gateway that got no answer in time says so with its own. */
function isUnanswered(problem: unknown): boolean {
  return problem instanceof Problem && (problem.status === 0 || problem.status >= 500);
}

/** Whether anything stands in the way of sending, and at which field first. */
export function firstError({ loaded, drafts }: FormState): string | undefined {
  const errors = errorsOf(loaded?.inputs ?? [], drafts);
  const input = loaded?.inputs.find((input) => errors[keyOf(input)] !== undefined);
  return input && keyOf(input);
}
