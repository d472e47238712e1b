import { expect, test } from "vitest";
import type { GenerationPage, Summary } from "@comfyui-monitor/react";
import { Pages } from "../../src/routes/jobs/pages.js";
import { AT, iso, summary } from "./summary.js";

const counts = { pending: 0, processing: 0, completed: 3, failed: 0, interrupted: 0 };
const today = { jobs: 3 };

/** A server with so many jobs, ten a page. */
function serverWith(length: number) {
  const jobs = Array.from({ length }, (_, n) => job(n));
  const asked: (string | undefined)[] = [];
  const fetch = async (cursor: string | undefined): Promise<GenerationPage> => {
    asked.push(cursor);
    const from = cursor === undefined ? 0 : jobs.findIndex(({ queueId }) => queueId === cursor) + 1;
    const items = jobs.slice(from, from + 10);
    const next = from + 10 < jobs.length ? items.at(-1)?.queueId : undefined;
    return { items, counts, today, ...(next !== undefined && { nextCursor: next }) };
  };
  return { jobs, asked, pages: new Pages(fetch) };
}

const job = (n: number): Summary => summary(`j${String(n).padStart(5, "0")}`, { status: "completed", createdAt: iso(AT - n * 1000) });
const ids = (pages: Pages) => pages.getSnapshot().entries.map(({ queueId }) => queueId);
const settled = () => new Promise((done) => setTimeout(done));

test("pages come one after the other, to the end", async () => {
  const { pages, asked } = serverWith(25);
  expect(pages.getSnapshot()).toMatchObject({ ready: false, more: true });
  await Promise.all([pages.more(), pages.more()]);
  expect(pages.getSnapshot()).toMatchObject({ ready: true, more: true, counts, today });
  for (let at = 0; at < 5; at++) await pages.more();
  expect([ids(pages).length, pages.getSnapshot().more, asked]).toEqual([25, false, [undefined, "j00009", "j00019"]]);
});

test("however many there are, only so many pages of jobs are held; the others come back when they are looked at", async () => {
  const { pages, asked, jobs } = serverWith(1000);
  while (pages.getSnapshot().more) await pages.more();
  expect(ids(pages).length).toBe(1000);
  expect(jobs.filter(({ queueId }) => pages.job(queueId)).length).toBe(200);
  expect(pages.job("j00005")).toBeUndefined();
  const before = asked.length;
  pages.use(["j00005", "j00006"]);
  await settled();
  expect(asked.slice(before)).toEqual([undefined]);
  expect(pages.job("j00005")?.queueId).toBe("j00005");
  expect(jobs.filter(({ queueId }) => pages.job(queueId)).length).toBe(200);
});

test("after a refresh what is in view is true again, and no job falls between two pages", async () => {
  const { pages, jobs } = serverWith(30);
  while (pages.getSnapshot().more) await pages.more();
  const late = summary("late", { status: "completed", createdAt: iso(AT - 2500) });
  jobs.splice(3, 0, late);
  pages.refresh();
  await settled();
  expect(ids(pages)).toContain("late");
  pages.use(["j00015"]);
  await settled();
  pages.use(["j00025"]);
  await settled();
  // One more than there were pages for.
  await pages.more();
  expect(ids(pages)).toEqual(jobs.map(({ queueId }) => queueId));
});

test("a page that does not come is told, and can be asked for again", async () => {
  let fails = true;
  const pages = new Pages(async () => {
    if (fails) throw new Error("The monitor does not answer");
    return { items: [job(1)], counts, today };
  });
  await pages.more();
  expect(pages.getSnapshot()).toMatchObject({ problem: "The monitor does not answer", ready: false, more: true });
  fails = false;
  await pages.more();
  expect(pages.getSnapshot()).toMatchObject({ problem: undefined, ready: true, more: false });
});
