import { duration, type Summary } from "@comfyui-monitor/react";

/** `Lighthouse at dusk is done`, `1 image, 1:01`. */
export function endWords(job: Summary): { title: string; text: string } {
  const took = job.durationMs === undefined ? "" : duration(job.durationMs);
  switch (job.status) {
    case "failed":
      return { title: `${job.title} failed`, text: job.error?.message ?? "" };
    case "interrupted":
      return { title: `${job.title} was stopped`, text: [resultsOf(job), took].filter(Boolean).join(", ") };
    default:
      return { title: `${job.title} is done`, text: [resultsOf(job), took].filter(Boolean).join(", ") };
  }
}

function resultsOf({ outputCount, thumbnailUrl }: Summary): string {
  if (outputCount === 0) return "";
  const what = thumbnailUrl ? "image" : "result";
  return `${outputCount} ${what}${outputCount === 1 ? "" : "s"}`;
}
