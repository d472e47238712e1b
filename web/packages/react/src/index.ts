"use client";
export * from "./core/index.js";
export { MonitorProvider, useMonitor } from "./hooks/context.js";
export { useGeneration, type QueueStatus, type UseGeneration, type UseGenerationOptions } from "./hooks/useGeneration.js";
export { useConnection, useInstances, useLiveJob, useLiveJobs, useLiveOrder } from "./hooks/useLive.js";
export * from "./words/index.js";
export * from "./components/index.js";
