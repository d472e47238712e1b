/** Addresses of jobs and attempts. Pure. */
import type { Generation } from "@comfyui-monitor/react";

/** The attempt in `?attempt=2`; none: the newest. */
export function attemptIn(search: string): number | undefined {
  const asked = new URLSearchParams(search).get("attempt");
  return asked !== null && /^[1-9]\d{0,5}$/.test(asked) ? Number(asked) : undefined;
}

/** Where the job of a prompt id is, and which attempt it was; its newest needs no number. */
export function hrefOf({ queueId, attempts }: Pick<Generation, "queueId" | "attempts">, promptId: string): string {
  const number = attempts.find((attempt) => attempt.promptId === promptId)?.number;
  const isNewest = number === undefined || number === attempts.at(-1)?.number;
  return isNewest ? `/jobs/${queueId}` : `/jobs/${queueId}?attempt=${number}`;
}
