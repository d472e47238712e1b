/** Submits a workflow, or follows a job that is there, and writes a line for all that happens. */
import { readFile } from "node:fs/promises";
import { isEnded, MonitorClient, type JobState, type Workflow } from "@comfyui-monitor/react/core";
import { WebSocket } from "ws";

const [what] = process.argv.slice(2);
const client = new MonitorClient({
  baseUrl: process.env.MONITOR_URL ?? "http://127.0.0.1:8190",
  token: () => process.env.COMFYUI_MONITOR_TOKEN,
  WebSocket: globalThis.WebSocket ?? WebSocket,
});

try {
  const queueId = what?.endsWith(".json") ? await submitted(what) : (what ?? (await newest()));
  if (queueId === undefined) throw new Error("there is no job: name a workflow (workflow.json) or the id of a job");
  const end = await followed(queueId);
  process.exitCode = end.generation?.status === "completed" ? 0 : 1;
} catch (problem) {
  console.error(problem instanceof Error ? problem.message : problem);
  process.exitCode = 2;
} finally {
  client.close();
}

async function submitted(file: string): Promise<string> {
  const workflow = JSON.parse(await readFile(file, "utf8")) as Workflow;
  const { queueId } = await client.generate({ workflow });
  return queueId;
}

async function newest(): Promise<string | undefined> {
  const { items } = await client.api.generations({ limit: "1" });
  return items[0]?.queueId;
}

/** What is known of it when it has ended. */
function followed(queueId: string): Promise<JobState> {
  const job = client.job(queueId);
  let said = "";
  return new Promise((resolve) => {
    const tell = () => {
      const { generation } = job.getSnapshot();
      if (!generation) return;
      const { title, overallPercentage, status, message = status, error, outputs } = generation;
      const line = `${title}: ${Math.floor(overallPercentage)}% ${message}`;
      if (line !== said) console.log(line);
      said = line;
      if (!isEnded(generation)) return;
      if (error) console.log(`${error.type}: ${error.message}`);
      for (const { url, text } of outputs) console.log(url ?? text ?? "");
      stop();
      leave();
      resolve(job.getSnapshot());
    };
    const leave = job.subscribe(tell);
    const stop = client.watch(queueId);
  });
}
