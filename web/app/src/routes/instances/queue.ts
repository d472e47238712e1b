/** Waiting jobs as boxes, as wide as they should take. Pure. */
import type { Eta, Instance, Summary, Waiting } from "@comfyui-monitor/react";

export interface QueueBox {
  key: string;
  queueId?: string;
  /** In percent of the whole track. */
  width: number;
  expectedMs?: number;
  /** Stands for so many jobs; 1 but for the last one. */
  jobs: number;
}

/** More do not fit: the last box stands for the rest. */
const MOST_BOXES = 16;
/** In percent: a job of a moment must still be seen and hit. */
const LEAST_WIDTH = 2.5;
/** Of a job of which nothing is known, where nothing is known of any other (ms). */
const UNKNOWN_MS = 60_000;
/** What a whole track may stand for (ms). One scale for all instances, so that their queues compare. */
const SCALES = [1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1440].map((minutes) => minutes * 60_000);

/** What the whole track stands for, wide enough for the longest queue. */
export function queueScale(instances: readonly Pick<Instance, "waiting">[]): number {
  const longest = Math.max(0, ...instances.map(({ waiting }) => expectedOf(waiting)));
  return SCALES.find((scale) => scale >= longest) ?? longest;
}

export function queueBoxes(waiting: readonly Waiting[], scaleMs: number): QueueBox[] {
  const usual = usualMs(waiting);
  const shown = waiting.length > MOST_BOXES ? waiting.slice(0, MOST_BOXES - 1) : waiting;
  const rest = waiting.slice(shown.length);
  const width = (ms: number) => Math.max(LEAST_WIDTH, (ms / scaleMs) * 100);
  const boxes: QueueBox[] = shown.map(({ queueId, expectedMs }) => ({
    key: queueId,
    queueId,
    width: width(expectedMs ?? usual),
    ...(expectedMs !== undefined && { expectedMs }),
    jobs: 1,
  }));
  if (rest.length > 0) {
    const ms = rest.reduce((sum, job) => sum + (job.expectedMs ?? usual), 0);
    boxes.push({ key: "rest", width: width(ms), expectedMs: ms, jobs: rest.length });
  }
  const all = boxes.reduce((sum, box) => sum + box.width, 0);
  return all <= 100 ? boxes : boxes.map((box) => ({ ...box, width: (box.width / all) * 100 }));
}

function expectedOf(waiting: readonly Waiting[]): number {
  const usual = usualMs(waiting);
  return waiting.reduce((sum, { expectedMs }) => sum + (expectedMs ?? usual), 0);
}

/** Of those that are known; what stands for one that is not. */
function usualMs(waiting: readonly Waiting[]): number {
  const known = waiting.flatMap(({ expectedMs }) => (expectedMs === undefined ? [] : [expectedMs]));
  return known.length === 0 ? UNKNOWN_MS : known.reduce((sum, ms) => sum + ms, 0) / known.length;
}

/** Until all that runs and waits there is done; `undefined` where nothing does, or where it is not known. */
export function clearIn({ instanceId, waiting }: Pick<Instance, "instanceId" | "waiting">, jobs: readonly Summary[]): Eta | undefined {
  const here = jobs.filter((job) => job.instanceId === instanceId && isOpen(job.status));
  const known = new Set(here.map(({ queueId }) => queueId));
  const etas = here.flatMap(({ eta }) => (eta ? [eta] : []));
  if (etas.length === 0 || etas.length < here.length || waiting.some(({ queueId }) => !known.has(queueId))) return undefined;
  // The time of a job that waits has its wait in it: the last one's is that of all.
  return etas.reduce((longest, eta) => (eta.remainingMs > longest.remainingMs ? eta : longest));
}

function isOpen(status: Summary["status"]): boolean {
  return status === "pending" || status === "processing";
}
