import { doneDetail, isAllCached, pixels, StateChip, stateWord, shownState, mainOutput, type JobState } from "@comfyui-monitor/react";
import { Maximize2, SlidersHorizontal, Waypoints } from "lucide-react";
import { useLocation } from "wouter";
import { Button } from "../../../controls/Button.js";
import styles from "./Done.module.css";

export interface DoneProps {
  state: JobState;
  /** Opens its main result. */
  onOpen: (() => void) | undefined;
  /** Whether its inputs are in the form already. */
  isInForm: boolean;
}

/** In the place of the panel once there is something to look at. */
export function Done({ state, onOpen, isInForm }: DoneProps) {
  const { generation } = state;
  const [, navigate] = useLocation();
  if (generation?.status !== "completed") return null;
  const { outputs, durationMs, queueId, promptId } = generation;
  const main = mainOutput(outputs);
  const size = main?.width !== undefined && main.height !== undefined ? pixels(main.width, main.height) : undefined;
  const shown = isAllCached(generation) ? "cached" : shownState(generation);
  return (
    <section className={styles.done} aria-label="Result">
      <header className={styles.head}>
        <h3 className={styles.title}>{doneDetail(outputs, durationMs)}</h3>
        <StateChip state={shown}>{stateWord(shown)}</StateChip>
      </header>
      {size && <p className={styles.size}>{size}</p>}
      <div className={styles.actions}>
        {onOpen && <Button icon={<Maximize2 aria-hidden="true" />} onClick={onOpen}>Open</Button>}
        {!isInForm && <Button icon={<SlidersHorizontal aria-hidden="true" />} onClick={() => navigate(`/?from=${encodeURIComponent(promptId)}`)}>Use these inputs</Button>}
        <Button variant="quiet" icon={<Waypoints aria-hidden="true" />} onClick={() => navigate(`/jobs/${queueId}`)}>How it was made</Button>
      </div>
    </section>
  );
}
