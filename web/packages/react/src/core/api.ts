/** The HTTP API, as far as a page needs it. */
import { isSigned } from "./links.js";
import { NOT_OFFERED, Problem, type ProblemDocument } from "./problem.js";
import type {
  ClassPerformance,
  Eta,
  FormInput,
  Generation,
  Instance,
  NodeError,
  Overrides,
  Status,
  Summary,
  Timestamp,
  Workflow,
} from "../types/index.js";

export interface Submission {
  workflow: Workflow;
  overrides?: Overrides;
  instanceId?: string;
  /** A UUID of the caller's, to subscribe before submitting. */
  queueId?: string;
  /** The same key again gives the same generation. */
  idempotencyKey?: string;
  title?: string;
  metadata?: unknown;
}

/** What a form needs before a workflow is submitted. */
export interface WorkflowForm {
  workflow: Workflow;
  title: string;
  /** Most wanted first. */
  inputs: FormInput[];
  warnings: NodeError[];
  /** Where it would run, and how long until it is done. */
  instanceId?: string;
  estimatedWaitTime?: number;
  eta?: Eta;
}

/** A page of the list of generations. */
export interface GenerationPage {
  items: Summary[];
  nextCursor?: string;
  /** Of all that match, whatever their status. */
  counts: Record<Status, number>;
  today: { jobs: number; medianWaitMs?: number; successPercentage?: number };
}

/** GPU memory at a moment. */
export interface Reading {
  t: Timestamp;
  usedBytes: number;
  totalBytes: number;
}

/** A durable event of a job, as it went over the bus. */
export interface JobEvent {
  detailType: string;
  detail: { timestamp: Timestamp; sequence: number; attempt: number } & Record<string, unknown>;
}

export interface ApiOptions {
  /** Where the monitor is (`http://127.0.0.1:8190`); empty: where the page came from. */
  baseUrl?: string;
  /** Asked before every call and every connection, so that it may be renewed. */
  token?: () => string | undefined;
  fetch?: typeof globalThis.fetch;
}

export class Api {
  constructor(private readonly options: ApiOptions = {}) {}

  /** Answers once it is recorded; refused by ComfyUI: a {@link Problem} with `nodeErrors`. */
  submit(submission: Submission): Promise<Generation> {
    return this.ask("POST", "/v1/generations", submission);
  }

  generation(queueId: string): Promise<Generation> {
    return this.ask("GET", at(queueId));
  }

  /** Newest first. */
  generations(query: Record<string, string> = {}): Promise<GenerationPage> {
    return this.ask("GET", `/v1/generations${asked(query)}`);
  }

  /**
   * Reads a workflow: a graph, or a file that carries one (JSON in API or editor format, PNG, WEBP); with the models and
   * bounds of that instance. Integers above 2^53 are text in the answer.
   */
  workflow(from: Workflow | File, instanceId?: string): Promise<WorkflowForm> {
    if (!(from instanceof Blob)) return this.ask("POST", "/v1/workflows", { workflow: from, instanceId }, exactly);
    const form = formWith("file", from);
    if (instanceId !== undefined) form.append("instanceId", instanceId);
    return this.ask("POST", "/v1/workflows", form, exactly);
  }

  /** The generation as of that attempt. */
  job(promptId: string): Promise<Generation> {
    return this.ask("GET", `/v1/jobs/${encodeURIComponent(promptId)}`);
  }

  /** The graph as it was sent, but for integers above 2^53, which are text. */
  jobWorkflow(promptId: string): Promise<Workflow> {
    return this.ask("GET", `/v1/jobs/${encodeURIComponent(promptId)}/workflow`, undefined, exactly);
  }

  /** The same as text, to its last digit: parsed, seeds above 2^53 would be rounded. */
  async jobWorkflowText(promptId: string): Promise<string> {
    return (await this.send("GET", `/v1/jobs/${encodeURIComponent(promptId)}/workflow`)).text();
  }

  /** The durable events of a job; `after` is exclusive. */
  jobEvents(promptId: string, after?: number): Promise<{ items: JobEvent[]; nextAfter?: number }> {
    const query = after === undefined ? "" : `?after=${after}`;
    return this.ask("GET", `/v1/jobs/${encodeURIComponent(promptId)}/events${query}`);
  }

  /** Connections, starts and stops of an instance, oldest first; `after` is exclusive. */
  instanceEvents(instanceId: string, after?: number): Promise<{ items: JobEvent[]; nextAfter?: number }> {
    const query = { limit: "1000", ...(after !== undefined && { after: String(after) }) };
    return this.ask("GET", `${instanceAt(instanceId)}/events${asked(query)}`);
  }

  /** GPU memory of the last 30 minutes. */
  readings(instanceId: string, since?: Timestamp): Promise<Reading[]> {
    return this.ask("GET", `${instanceAt(instanceId)}/readings${asked(since === undefined ? {} : { since })}`);
  }

  /** Tries to connect now. */
  async reconnect(instanceId: string): Promise<void> {
    await this.ask("POST", `${instanceAt(instanceId)}/reconnect`);
  }

  /** An input image, passed on to the server; answers the name to use in the graph. */
  upload(instanceId: string, image: File): Promise<{ name: string }> {
    return this.ask("POST", `${instanceAt(instanceId)}/uploads`, formWith("file", image));
  }

  /** What each node class costs. */
  performance(instanceId?: string): Promise<{ items: ClassPerformance[] }> {
    return this.ask("GET", `/v1/performance${asked(instanceId === undefined ? {} : { instanceId })}`);
  }

  /** Where a path that the monitor gave is (`/v1/media/…`); `undefined` of what is no address of a page. */
  address(path: string): string | undefined {
    if (isSigned(path)) return path;
    const isPath = path.startsWith("/") && !/^\/[/\\]/.test(path);
    return isPath ? this.base + path : undefined;
  }

  /** Whether bytes at `path` want the token: an `<img>` cannot send it. Signed addresses elsewhere do not. */
  isGuarded(path: string): boolean {
    return path.startsWith("/") && Boolean(this.options.token?.());
  }

  /** The bytes at a path that the monitor gave. */
  async bytes(path: string, signal?: AbortSignal): Promise<Blob> {
    const { fetch = globalThis.fetch } = this.options;
    const address = this.address(path);
    if (address === undefined) throw new Problem({ status: 0, title: "No address", detail: "This is no address" });
    // An element that shows the same has left it in the cache without the header that lets a page read it.
    const cache = isSigned(path) && ({ cache: "no-store" } as const);
    const response = await fetch(address, { headers: this.isGuarded(path) ? this.bearer() : {}, ...cache, ...(signal && { signal }) });
    if (!response.ok) throw new Problem({ status: response.status, title: response.statusText });
    return response.blob();
  }

  instances(): Promise<{ items: Instance[] }> {
    return this.ask("GET", "/v1/instances");
  }

  /** Has it stopped: waiting, running, or between two attempts. */
  async cancel(queueId: string): Promise<void> {
    await this.ask("POST", `${at(queueId)}/cancel`);
  }

  /** A new attempt of one that has ended; between attempts: now. */
  async retry(queueId: string, body: { overrides?: Overrides; instanceId?: string } = {}): Promise<void> {
    await this.ask("POST", `${at(queueId)}/retry`, body);
  }

  private get base(): string {
    return (this.options.baseUrl ?? "").replace(/\/$/, "");
  }

  private bearer(): Record<string, string> {
    const bearer = this.options.token?.();
    return bearer ? { Authorization: `Bearer ${bearer}` } : {};
  }

  private async ask<T>(method: string, path: string, body?: unknown, parse = JSON.parse as Parse): Promise<T> {
    const response = await this.send(method, path, body);
    return (await response.text().then(parse).catch(() => undefined)) as T;
  }

  private async send(method: string, path: string, body?: unknown): Promise<Response> {
    const { fetch = globalThis.fetch } = this.options;
    const headers: Record<string, string> = { Accept: "application/json", ...this.bearer() };
    const isForm = body instanceof FormData;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      const content = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
      response = await fetch(this.base + path, { method, headers, ...content });
    } catch (cause) {
      throw new Problem({ status: 0, title: "No answer", detail: "The monitor does not answer" }, { cause });
    }
    if (response.ok) return response;
    const answer: unknown = await response.json().catch(() => undefined);
    const { message, ...document }: Partial<ProblemDocument> & { message?: string } =
      typeof answer === "object" && answer !== null ? answer : { message: response.statusText };
    // A gateway says no more than a `message`: `Not Found` of a path it has no route for.
    const noRoute = NOT_OFFERED.has(response.status) && document.detail === undefined && { detail: "This deployment does not offer that" };
    throw new Problem({ ...(message !== undefined && { title: message }), ...document, ...noRoute, status: response.status });
  }
}

type Parse = (text: string) => unknown;

/** JSON with the integers that JavaScript would round as text. */
function exactly(json: string): unknown {
  const isExact = (token: string) => !INTEGER.test(token) || Number.isSafeInteger(Number(token));
  return JSON.parse(json.replace(STRING_OR_NUMBER, (token) => (isExact(token) ? token : `"${token}"`)));
}

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const INTEGER = /^-?\d+$/;

function at(queueId: string): string {
  return `/v1/generations/${encodeURIComponent(queueId)}`;
}

function instanceAt(instanceId: string): string {
  return `/v1/instances/${encodeURIComponent(instanceId)}`;
}

function asked(query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  return search && `?${search}`;
}

function formWith(field: string, file: Blob): FormData {
  const form = new FormData();
  form.append(field, file);
  return form;
}
