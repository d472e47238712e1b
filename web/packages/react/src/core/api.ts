/** The HTTP API, as far as a page needs it. */
import type { Generation, Instance, JobError, NodeError, Overrides, Summary, Workflow } from "../types/index.js";

/** A problem document (RFC 9457), thrown. `message` says what it is this time, and what helps. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The kind in words. */
  readonly title: string;
  /** The generation it is about. */
  readonly queueId: string | undefined;
  /** What ComfyUI refused the workflow with. */
  readonly error: JobError | undefined;
  /** Its complaints node by node. */
  readonly nodeErrors: NodeError[];

  constructor(document: ProblemDocument, options?: ErrorOptions) {
    super(document.detail || document.title || `HTTP ${document.status}`, options);
    this.status = document.status;
    this.title = document.title ?? "";
    this.queueId = document.queueId;
    this.error = document.error;
    this.nodeErrors = document.nodeErrors ?? [];
  }
}

export interface ProblemDocument {
  status: number;
  title?: string;
  detail?: string;
  queueId?: string;
  error?: JobError;
  nodeErrors?: NodeError[];
}

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
  generations(query: Record<string, string> = {}): Promise<{ items: Summary[]; nextCursor?: string }> {
    const search = new URLSearchParams(query).toString();
    return this.ask("GET", `/v1/generations${search && "?"}${search}`);
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

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { baseUrl = "", token, fetch = globalThis.fetch } = this.options;
    const headers: Record<string, string> = { Accept: "application/json" };
    const bearer = token?.();
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      response = await fetch(baseUrl.replace(/\/$/, "") + path, { method, headers, ...content });
    } catch (cause) {
      throw new Problem({ status: 0, title: "No answer", detail: "The monitor does not answer" }, { cause });
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer as T;
    const document = typeof answer === "object" && answer !== null ? answer : { title: response.statusText };
    throw new Problem({ ...document, status: response.status });
  }
}

function at(queueId: string): string {
  return `/v1/generations/${encodeURIComponent(queueId)}`;
}
