import { counted, groupOf, isEnded, type Summary } from "@comfyui-monitor/react";
import { CircleStop, RotateCcw, X } from "lucide-react";
import { Button, IconButton } from "../../controls/Button.js";
import { Kbd } from "../../controls/Kbd.js";
import { useJobActions } from "../../jobs/actions.js";
import styles from "./Foot.module.css";

const KEYS: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ["j", "k"], does: "move" },
  { keys: ["Enter"], does: "open" },
  { keys: ["x"], does: "select" },
  { keys: ["c"], does: "cancel" },
  { keys: ["r"], does: "run again" },
  { keys: ["?"], does: "all keys" },
];

/** The keys that work here, and how many jobs there are. */
export function Foot({ total }: { total: number | undefined }) {
  return (
    <footer className={styles.foot}>
      <ul className={styles.keys} aria-label="Keys">
        {KEYS.map(({ keys, does }) => (
          <li key={does} className={styles.key}>
            {keys.map((key) => <Kbd key={key}>{key}</Kbd>)}
            {does}
          </li>
        ))}
      </ul>
      {total !== undefined && <span>{counted(total, "job")}</span>}
    </footer>
  );
}

/** What can be done with the selected jobs. */
export function BulkBar({ jobs, onClear }: { jobs: readonly Summary[]; onClear: () => void }) {
  const { cancel, runAgain } = useJobActions();
  const atWork = jobs.filter((job) => !isEnded(job));
  const ended = jobs.filter((job) => groupOf(job) === "ended");
  return (
    <div role="toolbar" aria-label="Selected jobs" className={styles.bulk}>
      <span role="status" className={styles.selected}>{jobs.length} selected</span>
      <Button icon={<CircleStop />} shortcut="c" disabled={atWork.length === 0} onClick={() => cancel([...atWork])}>{some("Cancel", atWork, jobs)}</Button>
      <Button icon={<RotateCcw />} shortcut="r" disabled={ended.length === 0} onClick={() => runAgain([...ended])}>{some("Run again", ended, jobs)}</Button>
      <span className={styles.clear}><IconButton label="Deselect all (Esc)" icon={<X />} onClick={onClear} /></span>
    </div>
  );
}

/** Says of how many, where it is not all of them. */
function some(verb: string, of: readonly Summary[], all: readonly Summary[]): string {
  return of.length > 0 && of.length < all.length ? `${verb} ${of.length}` : verb;
}
