import { count, StateGlyph, type Instance, type Summary } from "@comfyui-monitor/react";
import { Link } from "wouter";
import styles from "./FleetBar.module.css";
import { fleetFigures, needs } from "./fleet.js";

export interface FleetProps {
  instances: readonly Instance[];
  jobs: readonly Summary[];
}

/** More are counted. */
const MOST_NAMED = 2;

/** In the top bar: what needs a person, and all instances in figures. */
export function FleetBar({ instances, jobs }: FleetProps) {
  const { answering, all, running, waiting, clear } = fleetFigures(instances, jobs);
  return (
    <div className={styles.bar}>
      <Needs instances={instances} jobs={jobs} />
      <span className={styles.figure}><b>{answering === all ? count(all) : `${count(answering)} of ${count(all)}`}</b> answering</span>
      <span className={styles.figure}><b>{count(running)}</b> running</span>
      <span className={styles.figure}><b>{count(waiting)}</b> waiting{clear && `, clear in ${clear}`}</span>
    </div>
  );
}

/** What needs a person, by name; each leads to its card. */
export function Needs({ instances, jobs }: FleetProps) {
  const all = needs(instances, jobs);
  const named = all.slice(0, MOST_NAMED);
  if (all.length === 0) return null;
  return (
    <ul className={styles.needs} aria-label="What needs you">
      {named.map(({ instanceId, state, text }) => (
        <li key={instanceId}>
          <Link href={`/instances#${encodeURIComponent(instanceId)}`} className={styles.need} title={text}>
            <StateGlyph state={state} size={14} />
            <span>{text}</span>
          </Link>
        </li>
      ))}
      {all.length > named.length && <li className={styles.figure}>{`${count(all.length - named.length)} more`}</li>}
    </ul>
  );
}
