import type { Summary } from "../types/index.js";
import type { Api } from "./api.js";

const LIMIT = "200";
const MOST_PAGES = 10;

/** All that wait or run, over HTTP; `isWhole`: there are no more of them. */
export async function openJobs(api: Api): Promise<{ jobs: Summary[]; isWhole: boolean }> {
  const jobs: Summary[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, nextCursor } = await api.generations({ status: "pending,processing", limit: LIMIT, ...(cursor !== undefined && { cursor }) });
    jobs.push(...items);
    if (nextCursor === undefined) return { jobs, isWhole: true };
    cursor = nextCursor;
  }
  return { jobs, isWhole: false };
}
