import { tell } from "../toasts/toasts.js";
import { Store, useStore } from "../store.js";

/** Every job, as long as this tab is open. */
const ALL = "*";

/** Ids of jobs whose end this tab tells of. */
export const wanted = new Store<ReadonlySet<string>>(new Set());

export function isWanted(queueId: string): boolean {
  return wanted.get().has(queueId) || wanted.get().has(ALL);
}

/** Asks the browser only now that somebody wants it; says why where it does not let us. */
async function ask(queueId: string): Promise<void> {
  if (wanted.get().has(queueId)) return want(queueId, false);
  const refusal = "Notification" in globalThis ? await refused() : "This browser has no notifications. The tab's title and icon tell when it is done";
  if (refusal) tell({ tone: "note", title: "Notifications are off", text: refusal });
  // Wanted all the same: the page itself tells while it is looked at.
  want(queueId, true);
}

async function refused(): Promise<string | undefined> {
  if (!isSecureContext) return "Browsers allow them only on HTTPS or localhost. The tab's title and icon tell when it is done";
  const permission = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
  if (permission === "granted") return undefined;
  return "This browser was told not to show any from here. Allow them in its settings for this site, and ask again";
}

function want(queueId: string, yes: boolean): void {
  const ids = new Set(wanted.get());
  if (yes) ids.add(queueId);
  else ids.delete(queueId);
  wanted.set(ids);
}

/** Whether this tab tells of the end of a job (without one: of every job), and what turns that on and off. */
export function useWanted(queueId: string = ALL): { on: boolean; toggle: () => void } {
  const ids = useStore(wanted);
  return { on: ids.has(queueId), toggle: () => void ask(queueId) };
}
