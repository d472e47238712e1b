import { isEnded, useInstances, useLiveJobs, type Summary } from "@comfyui-monitor/react";
import { Command } from "cmdk";
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { Dialog } from "../controls/Dialog.js";
import { Kbd } from "../controls/Kbd.js";
import { current } from "../jobs/current.js";
import { useWanted } from "../notify/wanted.js";
import { useStore } from "../store.js";
import { useTheme } from "../theme/theme.js";
import { useNow } from "../time/useNow.js";
import { entriesOf } from "./entries.js";
import { paletteOpen } from "./open.js";
import styles from "./Palette.module.css";
import { ranked, type Entry } from "./rank.js";
import { useSearchedJobs } from "./useSearchedJobs.js";

/** Finds jobs, instances, routes and what can be done, and goes there or does it. */
export default function Palette() {
  const [search, setSearch] = useState("");
  const [, navigate] = useLocation();
  const { jobs } = useLiveJobs();
  const { instances } = useInstances();
  const looked = useStore(current);
  const theme = useTheme();
  const bell = useWanted();
  const now = useNow();
  const { found, isSearching } = useSearchedJobs(search);
  const groups = useMemo(() => {
    const offered = search.trim() ? together(jobs, found) : jobs.filter((job) => !isEnded(job));
    const entries = entriesOf({ jobs: offered, instances, current: looked, theme, now, navigate, bell });
    return ranked(marked(entries, found), search);
  }, [search, jobs, found, instances, looked, theme, now, navigate, bell]);
  const close = () => paletteOpen.set(false);
  const run = (entry: Entry) => {
    close();
    entry.run();
  };
  return (
    <Dialog label="Search" onClose={close} className={styles.dialog} name="palette">
      <Command label="Search jobs and actions" shouldFilter={false} loop vimBindings={false} className={styles.palette}>
        <div className={styles.head}>
          <Search aria-hidden="true" />
          <Command.Input autoFocus value={search} onValueChange={setSearch} placeholder="Jobs, instances, actions" className={styles.input} />
          <button type="button" className={styles.close} aria-label="Close" onClick={close}><Kbd>Esc</Kbd></button>
        </div>
        <Command.List className={styles.list}>
          {groups.map(({ group, entries }) => (
            <Command.Group key={group} heading={group} className={styles.group ?? ""}>
              {entries.map((entry) => <Row key={entry.id} entry={entry} onRun={() => run(entry)} />)}
            </Command.Group>
          ))}
          {groups.length === 0 && <p className={styles.nothing}>{isSearching ? "Searching" : `Nothing with “${search.trim()}”`}</p>}
        </Command.List>
      </Command>
    </Dialog>
  );
}

function Row({ entry: { id, title, note, key, icon }, onRun }: { entry: Entry; onRun: () => void }) {
  return (
    <Command.Item value={id} onSelect={onRun} className={styles.row}>
      <span className={styles.icon} aria-hidden="true">{icon}</span>
      <span className={styles.title} title={title}>{title}</span>
      {note && <span className={styles.note}>{note}</span>}
      <span className={styles.keys}>{key ? key.split(" ").map((one, at) => <Kbd key={at}>{one}</Kbd>) : <span className={styles.enter}><Kbd>Enter</Kbd></span>}</span>
    </Command.Item>
  );
}

/** Live ones first: they are newer than any answer. */
function together(live: readonly Summary[], found: readonly Summary[]): Summary[] {
  const known = new Set(live.map(({ queueId }) => queueId));
  return [...live, ...found.filter(({ queueId }) => !known.has(queueId))];
}

function marked(entries: readonly Entry[], found: readonly Summary[]): Entry[] {
  return entries.map((entry) => (found.some(({ queueId }) => entry.id === `job ${queueId}`) ? { ...entry, isFound: true } : entry));
}
