import { isEnded, shownState, StateGlyph, type Instance, type Summary } from "@comfyui-monitor/react";
import { Bell, CircleStop, Copy, Focus, Keyboard, MessageSquareText, Moon, RotateCcw, Server, Sun } from "lucide-react";
import { ROUTES } from "../frame/routes.js";
import { deviceNames } from "../instances/device.js";
import { cancel, runAgain } from "../jobs/actions.js";
import type { Current, CurrentJob } from "../jobs/current.js";
import { copyError, focusOn, named, withError } from "../jobs/keyActions.js";
import { jobPath } from "../jobs/open.js";
import { sheetOpen } from "../keys/sheet.js";
import { singleKeys } from "../keys/useKeys.js";
import { spokenProgress } from "../spoken/spoken.js";
import { switchTheme, type Theme } from "../theme/theme.js";
import { jobNote } from "./jobWords.js";
import type { Entry } from "./rank.js";

export interface Known {
  jobs: readonly Summary[];
  instances: readonly Instance[];
  current: Current;
  theme: Theme;
  now: number;
  navigate: (path: string) => void;
  /** The bell for all jobs. */
  bell: { on: boolean; toggle: () => void };
}

/** All that the palette offers, without a search. */
export function entriesOf(known: Known): Entry[] {
  return [...known.jobs.map((job) => jobEntry(job, known)), ...currentEntries(known.current), ...settings(known), ...routes(known), ...instanceEntries(known)];
}

function jobEntry(job: Summary, { instances, now, navigate }: Known): Entry {
  const instance = instances.find(({ instanceId }) => instanceId === job.instanceId)?.name;
  return {
    id: `job ${job.queueId}`,
    group: "Jobs",
    title: job.title,
    note: jobNote(job, instance, now),
    keywords: `${job.queueId} ${job.promptId}`,
    icon: <StateGlyph state={shownState(job)} percentage={job.overallPercentage} />,
    run: () => navigate(jobPath(job.queueId)),
  };
}

function currentEntries({ jobs, actions }: Current): Entry[] {
  const on = (id: string, does: string, of: readonly CurrentJob[], key: string, icon: Entry["icon"], run: () => void): Entry[] =>
    of.length === 0 ? [] : [{ id, group: "Do", title: `${does} ${named(of)}`, key, icon, run }];
  const active = jobs.filter((job) => !isEnded(job));
  const again = jobs.filter((job) => isEnded(job) || job.retry);
  const failed = jobs.length === 1 ? jobs.filter(withError) : [];
  const own = actions.map(({ id, label, ...rest }): Entry => ({ id: `page ${id}`, group: "Do", title: label, ...rest }));
  return [
    ...on("cancel", "Cancel", active, "c", <CircleStop />, () => cancel(active)),
    ...on("again", "Run again:", again, "r", <RotateCcw />, () => runAgain(again)),
    ...on("focus", "Focus on", jobs.length === 1 ? jobs : [], "f", <Focus />, () => focusOn(jobs)),
    ...on("error", "Copy the error of", failed, "e", <Copy />, () => void copyError(failed)),
    ...own,
  ];
}

function settings({ theme, bell }: Known): Entry[] {
  const isDark = theme === "dark";
  const entry = (id: string, title: string, icon: Entry["icon"], run: () => void, more: Partial<Entry> = {}): Entry => ({ id, group: "Do", title, icon, run, ...more });
  return [
    entry("theme", isDark ? "Switch to Lightbox" : "Switch to Darkroom", isDark ? <Sun /> : <Moon />, switchTheme, { note: isDark ? "light theme" : "dark theme", key: "t", keywords: "colours" }),
    entry("bell", bell.on ? "Tell me of no more ends" : "Tell me when any job is done", <Bell />, bell.toggle, { keywords: "notifications notify" }),
    entry("keys", "Show all keys", <Keyboard />, () => sheetOpen.set(true), { key: "?", keywords: "keyboard shortcuts help" }),
    entry("singles", singleKeys.get() === "on" ? "Switch off keys of one letter" : "Switch on keys of one letter", <Keyboard />, () => flip(singleKeys), { keywords: "keyboard shortcuts", isRare: true }),
    entry("spoken", spokenProgress.get() === "on" ? "Mute spoken progress" : "Speak progress", <MessageSquareText />, () => flip(spokenProgress), { note: "for screen readers", keywords: "live region announce", isRare: true }),
  ];
}

function routes({ navigate }: Known): Entry[] {
  return ROUTES.map(({ path, title, key, icon }) => ({ id: `route ${path}`, group: "Go to", title, key: `g ${key}`, icon, run: () => navigate(path) }));
}

function instanceEntries({ instances, navigate }: Known): Entry[] {
  return instances.map(({ instanceId, name, devices, state }) => ({
    id: `instance ${instanceId}`,
    group: "Instances",
    title: name,
    note: state === "connected" || state === "polling" ? deviceNames(devices) : state,
    icon: <Server />,
    run: () => navigate(`/instances#${encodeURIComponent(instanceId)}`),
  }));
}

function flip(setting: { get: () => "on" | "off"; set: (value: "on" | "off") => void }): void {
  setting.set(setting.get() === "on" ? "off" : "on");
}
