/** The form of this tab: which workflow is in it, what was typed, and what was said against it. */
import type { NodeError, WorkflowForm } from "@comfyui-monitor/react";
import { Kept } from "../kept.js";
import { randomSeed } from "./figures.js";
import { byField, fitting, keyOf, type Drafts, type FieldErrors } from "./values.js";

/** A workflow as it was read. */
export interface Loaded extends WorkflowForm {
  /** Of its file, or of the job it comes from. */
  name: string;
}

export interface FormState {
  loaded: Loaded | undefined;
  drafts: Drafts;
  /** Where it shall run; where not, the least loaded server is taken when it is sent. */
  instanceId: string | undefined;
  /** Input images that are on that server alone. */
  uploadedTo: string | undefined;
  /** What ComfyUI said against the fields, until they are changed. */
  refused: FieldErrors;
  /** What it said besides. */
  complaints: NodeError[];
  /** How often the dice were thrown for a field. */
  throws: Readonly<Record<string, number>>;
}

export const EMPTY_FORM: FormState = {
  loaded: undefined,
  drafts: {},
  instanceId: undefined,
  uploadedTo: undefined,
  refused: {},
  complaints: [],
  throws: {},
};

/** Browsers give a tab about 5 million characters. */
const LIMIT = 3_000_000;

/** The form of this tab. */
export const form = new Kept<FormState>("cm.generate.form", EMPTY_FORM, { limit: LIMIT, read: readForm });

export function readForm(stored: unknown): FormState | undefined {
  const state = { ...EMPTY_FORM, ...(stored as Partial<FormState> | null) };
  const { loaded } = state;
  if (!loaded || typeof loaded.name !== "string" || typeof loaded.workflow !== "object") return undefined;
  if (!Array.isArray(loaded.inputs) || !Array.isArray(loaded.warnings) || !Array.isArray(state.complaints)) return undefined;
  return state;
}

/** Puts a workflow into the form; gives what puts the one before back. */
export function load(loaded: Loaded, store = form): () => void {
  const before = store.get();
  store.update(() => ({ ...EMPTY_FORM, loaded, instanceId: before.instanceId }));
  return () => store.update(() => before);
}

/** Empties the form; gives what puts the workflow back. */
export function unload(store = form): () => void {
  const before = store.get();
  store.update(() => EMPTY_FORM);
  return () => store.update(() => before);
}

/** The same graph, read once more: bounds, models, and the time it takes may be others. What was typed stays. */
export function renew(fresh: WorkflowForm, store = form): void {
  store.update((state) => {
    if (!state.loaded) return state;
    return { ...state, loaded: { ...state.loaded, ...fresh }, drafts: fitting(fresh.inputs, state.drafts) };
  });
}

/** Only how long it would take, and where; the fields stay as they are. */
export function estimate({ instanceId, estimatedWaitTime, eta }: WorkflowForm, store = form): void {
  store.update((state) => {
    if (!state.loaded) return state;
    const { instanceId: _, estimatedWaitTime: __, eta: ___, ...rest } = state.loaded;
    const fresh = {
      ...(instanceId !== undefined && { instanceId }),
      ...(estimatedWaitTime !== undefined && { estimatedWaitTime }),
      ...(eta !== undefined && { eta }),
    };
    return { ...state, loaded: { ...rest, ...fresh } };
  });
}

/** Types into fields, by key. What was said against them goes. */
export function type(drafts: Drafts, store = form): void {
  store.update((state) => {
    const refused = Object.entries(state.refused).filter(([key]) => drafts[key] === undefined);
    const complaints = refused.length === 0 ? [] : state.complaints;
    return { ...state, drafts: { ...state.drafts, ...drafts }, refused: Object.fromEntries(refused), complaints };
  });
}

/** Takes down what ComfyUI said against the workflow. */
export function refuse(complaints: readonly NodeError[], store = form): void {
  store.update((state) => {
    const { fields, rest } = byField(state.loaded?.inputs ?? [], complaints);
    return { ...state, refused: fields, complaints: rest };
  });
}

/** Throws the dice for a field; without one for the first seed. Gives whether there is one. */
export function throwDice(key?: string, store = form): boolean {
  const inputs = store.get().loaded?.inputs ?? [];
  const input = inputs.find((input) => (key === undefined ? input.role === "seed" : keyOf(input) === key));
  if (!input) return false;
  const thrown = keyOf(input);
  type({ [thrown]: randomSeed(input) }, store);
  store.update((state) => ({ ...state, throws: { ...state.throws, [thrown]: (state.throws[thrown] ?? 0) + 1 } }));
  return true;
}

/** Chooses where it shall run. */
export function sendTo(instanceId: string | undefined, store = form): void {
  store.update((state) => ({ ...state, instanceId }));
}

/** An image was uploaded: its name goes into the field, and the job to that server. */
export function uploaded(key: string, name: string, instanceId: string, store = form): void {
  type({ [key]: name }, store);
  store.update((state) => ({ ...state, instanceId, uploadedTo: instanceId }));
}
