import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { GenerationPage, JobEvent, Reading, Submission, WorkflowForm } from "../src/core/api.js";
import type { ProblemDocument } from "../src/core/problem.js";

/** Every field of a type, whether it must be there: the compiler sees to it that none is missing here. */
type Fields<T> = { [K in keyof T]-?: undefined extends T[K] ? "optional" : "required" };

const form: Fields<WorkflowForm> = {
  workflow: "required",
  title: "required",
  inputs: "required",
  warnings: "required",
  instanceId: "optional",
  estimatedWaitTime: "optional",
  eta: "optional",
};
const page: Fields<GenerationPage> = { items: "required", nextCursor: "optional", counts: "required", today: "required" };
const today: Fields<GenerationPage["today"]> = { jobs: "required", medianWaitMs: "optional", successPercentage: "optional" };
const reading: Fields<Reading> = { t: "required", usedBytes: "required", totalBytes: "required" };
const event: Fields<JobEvent> = { detailType: "required", detail: "required" };
const submission: Fields<Submission> = {
  workflow: "required",
  overrides: "optional",
  instanceId: "optional",
  queueId: "optional",
  idempotencyKey: "optional",
  title: "optional",
  metadata: "optional",
};
const problem: Fields<ProblemDocument> = {
  status: "required",
  title: "optional",
  detail: "optional",
  queueId: "optional",
  error: "optional",
  nodeErrors: "optional",
};

interface Schema {
  properties: Record<string, unknown>;
  required?: string[];
}

const file = new URL("../../../../docs/openapi.json", import.meta.url);
const { schemas } = (JSON.parse(readFileSync(file, "utf8")) as { components: { schemas: Record<string, Schema> } }).components;

it.each([
  ["ReadWorkflow", form],
  ["GenerationList", page],
  ["TodayDocument", today],
  ["Reading", reading],
  ["EventDocument", event],
  ["SubmitBody", submission],
])("the type for %s has the fields of the published document", (name, fields: Record<string, string>) => {
  const schema = schemas[name] as Schema;
  expect(Object.keys(fields).toSorted()).toEqual(Object.keys(schema.properties).toSorted());
  const required = Object.keys(fields).filter((field) => fields[field] === "required");
  expect(required.toSorted()).toEqual((schema.required ?? []).toSorted());
});

it("a problem is read by fields that the published document has", () => {
  expect(Object.keys(schemas.ProblemDocument?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(problem)));
});
