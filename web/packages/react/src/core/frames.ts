/** Reading what comes over the socket. Nothing in here throws: what cannot be read is told to `warn` and left out. */
import type { Frame, FrameType, PreviewHeader } from "../types/index.js";

type Kind = "string" | "number" | "boolean" | "array" | "object";

const JOB = { queueId: "string", promptId: "string", attempt: "number", sequence: "number", status: "string" } as const;

/** What must be there for the reducer to work with a frame; all else is optional. */
const REQUIRED: Record<FrameType, Record<string, Kind>> = {
  subscription_confirmed: { queueId: "string" },
  unsubscription_confirmed: { queueId: "string" },
  pong: {},
  error: { code: "string", message: "string" },
  snapshot: { queueId: "string" },
  job_queued: { ...JOB, message: "string" },
  queue_update: { ...JOB, message: "string" },
  job_started: { ...JOB, totalNodes: "number", cachedNodes: "array" },
  workflow_nodes: { ...JOB, workflowData: "object" },
  job_progress: { ...JOB, nodes: "array", overallPercentage: "number", elapsedMs: "number" },
  node_executed: { ...JOB, nodeId: "string", displayNodeId: "string", cached: "boolean" },
  outputs: { ...JOB, outputs: "array" },
  job_retry: { ...JOB, retryCount: "number", maxRetries: "number", retryDelay: "number", error: "object", message: "string" },
  completed: { ...JOB, outputs: "array", message: "string" },
  job_failed: { ...JOB, error: "object", message: "string" },
  job_interrupted: { ...JOB, reason: "string", message: "string" },
  generation_update: { generation: "object" },
  instance_update: { instance: "object" },
};

export type Warn = (message: string) => void;

/** Reads frames; each complaint is told once, however often it comes. */
export class Decoder {
  private readonly told = new Set<string>();

  constructor(private readonly warn: Warn = (message) => console.warn(message)) {}

  /** A message, text or binary: a frame or a preview, or `undefined` where it is neither. */
  read(data: string | ArrayBuffer): Frame | Preview | undefined {
    if (typeof data !== "string") return this.preview(data);
    const value = this.json(data);
    if (!value) return;
    return value.type === "preview" ? this.textPreview(value) : this.frame(value);
  }

  /** A text message, or `undefined` where it is none of the frames this version knows. */
  text(data: string): Frame | undefined {
    const value = this.json(data);
    return value && this.frame(value);
  }

  private json(data: string): Record<string, unknown> | undefined {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return this.complain("a frame that is not JSON was left out");
    }
    return isObject(value) ? value : this.complain("a frame without a type was left out");
  }

  private frame(value: Record<string, unknown>): Frame | undefined {
    if (typeof value.type !== "string") return this.complain("a frame without a type was left out");
    const { type } = value;
    if (!Object.hasOwn(REQUIRED, type)) {
      return this.complain(`frames of type ${JSON.stringify(type.slice(0, 60))} are not known here and left out`);
    }
    const required = { timestamp: "string" as Kind, ...REQUIRED[type as FrameType] };
    const wrong = Object.entries(required).find(([field, kind]) => !isOf(kind, value[field]));
    if (wrong) return this.complain(`${type} frames without a proper ${wrong[0]} are left out`);
    return value as unknown as Frame;
  }

  /** A binary message: u32 big endian length, JSON of that length, image. */
  preview(data: ArrayBuffer): Preview | undefined {
    const length = data.byteLength >= 4 ? new DataView(data).getUint32(0) : Infinity;
    if (length > data.byteLength - 4) return this.complain("a preview that was cut short was left out");
    try {
      const header: unknown = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      if (isHeader(header)) return { header, image: new Uint8Array(data, 4 + length) };
    } catch {
      // Told below.
    }
    return this.complain("a preview without a proper header was left out");
  }

  /** Where only text gets through: the header with the image in base64. */
  private textPreview({ data, ...header }: Record<string, unknown>): Preview | undefined {
    if (!isHeader(header)) return this.complain("a preview without a proper header was left out");
    try {
      if (typeof data === "string" && data !== "") {
        return { header, image: Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) };
      }
    } catch {
      // Told below.
    }
    return this.complain("a preview without a proper image was left out");
  }

  private complain(message: string): undefined {
    if (this.told.has(message) || this.told.size >= 100) return;
    this.told.add(message);
    this.warn(`comfyui-monitor: ${message}`);
  }
}

/** The newest picture of a job at work. */
export interface Preview {
  header: PreviewHeader;
  /** The bytes of the image, of type `header.contentType`. */
  image: Uint8Array<ArrayBuffer>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeader(value: unknown): value is PreviewHeader {
  return isObject(value) && typeof value.queueId === "string" && typeof value.contentType === "string";
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === "array") return Array.isArray(value);
  if (kind === "object") return isObject(value);
  return typeof value === kind;
}
