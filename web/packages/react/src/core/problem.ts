/** What went wrong with a call. */
import type { JobError, NodeError } from "../types/index.js";

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
    const { status, detail, title } = document;
    super(detail || wordsOf(status) || title || `HTTP ${status}`, options);
    this.status = status;
    this.title = title ?? "";
    this.queueId = document.queueId;
    this.error = document.error;
    this.nodeErrors = document.nodeErrors ?? [];
  }

  /** Where what was asked about is there: this deployment has no such call. */
  get isNotOffered(): boolean {
    return NOT_OFFERED.has(this.status);
  }
}

export const NOT_OFFERED = new Set([404, 405, 501]);

export interface ProblemDocument {
  status: number;
  title?: string;
  detail?: string;
  queueId?: string;
  error?: JobError;
  nodeErrors?: NodeError[];
}

/** Of a gateway in front of the monitor, whose own words are those of a protocol. */
function wordsOf(status: number): string | undefined {
  if (status === 413) return "This is too large to be taken";
  if (status === 429) return "Too much is asked at once. Try again in a moment";
  return status >= 500 ? "The monitor could not answer. Try again in a moment" : undefined;
}
