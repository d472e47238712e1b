export * from "./api.js";
export * from "./client.js";
export * from "./frames.js";
export { isEnded, type LiveState } from "./live.js";
export { UNKNOWN, withFrame, withSnapshot, type JobState } from "./reducer.js";
export * from "./select.js";
export type { Connection, ConnectionState } from "./socket.js";
export type { Readable } from "./store.js";
export type * from "../types/index.js";
