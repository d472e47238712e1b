"use client";
/** The hooks alone: what the components need is not in it. */
export { MonitorProvider, useMonitor } from "./context.js";
export { useGeneration, type QueueStatus, type UseGeneration, type UseGenerationOptions } from "./useGeneration.js";
export { useMedia, type Media } from "./useMedia.js";
export { useConnection, useInstances, useLiveJob, useLiveJobs, useLiveOrder } from "./useLive.js";
export { useSteadyText } from "./useSteadyText.js";
