import type { Api, MonitorClient, Summary } from "@comfyui-monitor/react";
import { current } from "../jobs/current.js";
import { watchEndings } from "../jobs/endings.js";
import { open } from "../jobs/open.js";
import { tell } from "../toasts/toasts.js";
import { isWanted } from "./wanted.js";
import { endWords } from "./words.js";

/** Tells of the ends that were asked for: by the browser when the page is not looked at, else by a toast where they are not seen. */
export function watchWanted(client: Pick<MonitorClient, "live" | "api">): () => void {
  return watchEndings(client, (job) => {
    if (!isWanted(job.queueId)) return;
    if (document.hidden || !document.hasFocus()) notify(job, client.api);
    else if (!current.get().jobs.some(({ queueId }) => queueId === job.queueId)) toast(job);
  });
}

function notify(job: Summary, api: Api): void {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return toast(job);
  const { title, text } = endWords(job);
  const address = job.thumbnailUrl === undefined ? undefined : api.address(job.thumbnailUrl);
  const picture = address === undefined ? undefined : new URL(address, location.href).href;
  // `image` is shown where the system has room for one; not all browsers know it.
  const options: NotificationOptions & { image?: string } = { body: text, tag: job.queueId, ...(picture && { icon: picture, image: picture }) };
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      open(job.queueId);
      notification.close();
    };
  } catch {
    // Phones show them only from a service worker, which this page has none of.
    toast(job);
  }
}

function toast(job: Summary): void {
  const { title, text } = endWords(job);
  const tone = job.status === "failed" ? "failed" : job.status === "interrupted" ? "interrupted" : "done";
  tell({ tone, title, ...(text && { text }), action: { label: "Open", run: () => open(job.queueId) } });
}
