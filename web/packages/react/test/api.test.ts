import { expect, test, vi } from "vitest";
import { Api } from "../src/core/api.js";
import { Problem } from "../src/core/problem.js";

function answering(status: number, body: string) {
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(body, { status }));
  return { fetch, api: new Api({ baseUrl: "http://monitor/", token: () => "secret", fetch }) };
}

test("a call has its address, its token and its body", async () => {
  const { api, fetch } = answering(201, '{"queueId":"q"}');
  expect(await api.submit({ workflow: { "3": {} } })).toEqual({ queueId: "q" });
  const [url, init] = fetch.mock.calls[0] ?? [];
  expect([url, init?.method, init?.body]).toEqual(["http://monitor/v1/generations", "POST", '{"workflow":{"3":{}}}']);
  expect(init?.headers).toMatchObject({ Authorization: "Bearer secret", "Content-Type": "application/json" });
});

test("a seed above 2^53 goes out as the text it is", async () => {
  const { api, fetch } = answering(201, "{}");
  await api.submit({ workflow: {}, overrides: { "3": { seed: "18446744073709551615" } } });
  expect(fetch.mock.calls[0]?.[1]?.body).toContain('"seed":"18446744073709551615"');
});

test("a problem document is thrown with all it says", async () => {
  const nodeErrors = [{ nodeId: "3", message: "Value not in list" }];
  const { api } = answering(422, JSON.stringify({ status: 422, title: "Refused", detail: "ComfyUI refused it", queueId: "q", nodeErrors }));
  const problem = await api.submit({ workflow: {} }).catch((problem: unknown) => problem);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({ status: 422, title: "Refused", message: "ComfyUI refused it", queueId: "q", nodeErrors });
});

test("an error that is no problem document, and no answer at all, are problems too", async () => {
  await expect(answering(502, "<html>").api.cancel("q")).rejects.toMatchObject({ name: "Problem", status: 502 });
  const api = new Api({ fetch: () => Promise.reject(new TypeError("refused")) });
  await expect(api.generation("q")).rejects.toMatchObject({ status: 0, message: "The monitor does not answer" });
});

test.each([
  [404, '{"message":"Not Found"}', "This deployment does not offer that"],
  [501, '{"status":501,"title":"Not Implemented","detail":"There are no figures here"}', "There are no figures here"],
])("a call that a deployment does not have is told as such (%i)", async (status, body, message) => {
  await expect(answering(status, body).api.performance()).rejects.toMatchObject({ status, message, isNotOffered: true });
});

test.each([
  [413, '{"message":"Request Entity Too Large"}', "This is too large to be taken"],
  [429, '{"message":"Too Many Requests"}', "Too much is asked at once. Try again in a moment"],
  [503, '{"message":"Service Unavailable"}', "The monitor could not answer. Try again in a moment"],
  [504, "<html>", "The monitor could not answer. Try again in a moment"],
  [400, '{"message":"Invalid header"}', "Invalid header"],
  [500, '{"status":500,"detail":"The disk is full"}', "The disk is full"],
])("what a gateway answers by itself is told in words (%i)", async (status, body, message) => {
  await expect(answering(status, body).api.cancel("q")).rejects.toMatchObject({ status, message, isNotOffered: false });
});

test.each([0, 401, 422, 429, 500, 503])("with status %i the call is there", (status) => {
  expect(new Problem({ status }).isNotOffered).toBe(false);
});

test("an id cannot leave its place in the address", async () => {
  const { api, fetch } = answering(202, "null");
  await api.cancel("../instances");
  expect(fetch.mock.calls[0]?.[0]).toBe("http://monitor/v1/generations/..%2Finstances/cancel");
});

test("integers that JavaScript would round come in as text, in graphs and forms alone", async () => {
  const graph = '{"3":{"inputs":{"seed":18446744073709551615,"cfg":0.12345678901234567890,"text":"a \\" 99999999999999999999"}}}';
  const { api } = answering(200, graph);
  const inputs = { seed: "18446744073709551615", cfg: 0.12345678901234568, text: 'a " 99999999999999999999' };
  expect(await api.jobWorkflow("p")).toEqual({ "3": { inputs } });
  expect(await answering(200, "[9007199254740991,9007199254740993,-9007199254740993,1e30]").api.workflow({})).toEqual([
    9007199254740991, "9007199254740993", "-9007199254740993", 1e30,
  ]);
});

test("a workflow is read with the models of one instance where one is named", async () => {
  const { api, fetch } = answering(200, "{}");
  await api.workflow({ "3": {} }, "cinder");
  expect(fetch.mock.calls[0]?.[1]?.body).toBe('{"workflow":{"3":{}},"instanceId":"cinder"}');
  await api.workflow(new File(["{}"], "a.json"), "cinder");
  const form = fetch.mock.calls[1]?.[1]?.body as FormData;
  expect([(form.get("file") as File).name, form.get("instanceId")]).toEqual(["a.json", "cinder"]);
});
