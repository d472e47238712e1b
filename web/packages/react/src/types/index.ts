import type { FrameBody, JobHeader, Timestamp } from "./generated.js";

export type * from "./generated.js";

/** What every frame has beside its own fields. */
export interface Envelope {
  timestamp: Timestamp;
  requestId?: string;
}

/** The `type` of a frame. */
export type FrameType = FrameBody["type"];

/** Frames that are not about one job's course: they have no {@link JobHeader}. */
export type PlainFrameType =
  | "subscription_confirmed"
  | "unsubscription_confirmed"
  | "pong"
  | "error"
  | "snapshot"
  | "instance_update";

/** The body of the frames of `T`. */
type BodyOf<T extends FrameType> = FrameBody extends infer B ? (B extends { type: T } ? B : never) : never;

export type PlainFrame = Envelope & BodyOf<PlainFrameType>;
export type JobFrame = Envelope & JobHeader & BodyOf<Exclude<FrameType, PlainFrameType>>;

/** One message of `/v1/live`. */
export type Frame = PlainFrame | JobFrame;

/** A frame of one type. */
export type FrameOf<T extends FrameType> = Extract<Frame, { type: T }>;

/** `{nodeId: {input: value}}`. Integers above 2^53 go as text (`"18446744073709551615"`): JavaScript would round them. */
export type Overrides = Record<string, Record<string, unknown>>;

/** A workflow in ComfyUI's API format. Seeds above 2^53 in it must be text, as JavaScript would round them. */
export type Workflow = Record<string, unknown>;
