/** Which fields lead, beside which, and how the others are grouped. Pure. */
import type { FormInput, InputRole, Workflow } from "@comfyui-monitor/react";
import { keyOf } from "./values.js";

/** Width and height of one picture, as one field. */
export interface Size {
  width: FormInput;
  height: FormInput;
}

export type Lead = { kind: "input"; key: string; input: FormInput } | { kind: "size"; key: string; size: Size };

/** One or two fields beside each other. */
export type Row = [Lead] | [Lead, Lead];

/** A workflow of many samplers leads with its first; all are under "All inputs". */
const MOST_OF_A_ROLE = 3;

/** The fields that matter for the picture, in the order of the form. */
export function leadingRows(inputs: readonly FormInput[]): Row[] {
  const of = (role: InputRole) => inputs.filter((input) => input.role === role).slice(0, MOST_OF_A_ROLE);
  const single = (role: InputRole) => of(role).map((input): Row => [lead(input)]);
  return [
    ...single("prompt"),
    ...single("negative"),
    ...single("model"),
    ...paired(of("seed").map(lead), sizes(inputs)),
    ...paired(of("steps").map(lead), of("cfg").map(lead)),
    ...paired(of("sampler").map(lead), of("scheduler").map(lead)),
    ...single("image"),
  ];
}

function lead(input: FormInput): Lead {
  return { kind: "input", key: keyOf(input), input };
}

/** Width and height of one node are one field; one alone is a field of its own. */
function sizes(inputs: readonly FormInput[]): Lead[] {
  const heights = inputs.filter((input) => input.role === "height");
  const leads = inputs
    .filter((input) => input.role === "width")
    .map((width): Lead => {
      const at = heights.findIndex((height) => height.nodeId === width.nodeId);
      const [height] = at >= 0 ? heights.splice(at, 1) : [];
      return height ? { kind: "size", key: `${width.nodeId}:size`, size: { width, height } } : lead(width);
    });
  return [...leads, ...heights.map(lead)].slice(0, MOST_OF_A_ROLE);
}

function paired(lefts: Lead[], rights: Lead[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < Math.max(lefts.length, rights.length); at += 1) {
    const [left, right] = [lefts[at], rights[at]];
    if (left && right) rows.push([left, right]);
    else if (left ?? right) rows.push([(left ?? right) as Lead]);
  }
  return rows;
}

/** How many fields lead: "6 inputs found". */
export function leadingCount(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + row.length, 0);
}

/** Nodes whose name says what the field's label does not: the second of two that have the same label. */
export function ambiguous(rows: readonly Row[]): ReadonlySet<string> {
  const labels = new Map<string, number>();
  const labelOf = (field: Lead) => (field.kind === "size" ? "Size" : field.input.label);
  for (const field of rows.flat()) labels.set(labelOf(field), (labels.get(labelOf(field)) ?? 0) + 1);
  return new Set(rows.flat().filter((field) => (labels.get(labelOf(field)) ?? 0) > 1).map(({ key }) => key));
}

export interface NodeGroup {
  nodeId: string;
  title: string;
  classType: string | undefined;
  inputs: FormInput[];
}

/** Every input, under its node, in the order in which the nodes appear. */
export function groups(inputs: readonly FormInput[], workflow: Workflow): NodeGroup[] {
  const byNode = new Map<string, NodeGroup>();
  for (const input of inputs) {
    const { nodeId, nodeTitle: title } = input;
    const group = byNode.get(nodeId) ?? { nodeId, title, classType: classOf(workflow, nodeId), inputs: [] };
    group.inputs.push(input);
    byNode.set(nodeId, group);
  }
  return [...byNode.values()];
}

function classOf(workflow: Workflow, nodeId: string): string | undefined {
  const node = workflow[nodeId] as { class_type?: unknown } | undefined;
  return typeof node?.class_type === "string" ? node.class_type : undefined;
}

/** Nodes of a graph; what stands beside them in a file does not count. */
export function nodeCount(workflow: Workflow): number {
  return Object.keys(workflow).filter((nodeId) => classOf(workflow, nodeId) !== undefined).length;
}
