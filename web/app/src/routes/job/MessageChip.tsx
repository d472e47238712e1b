import { shownState, StateChip, type JobState } from "@comfyui-monitor/react";
import styles from "./MessageChip.module.css";

export interface MessageChipProps {
  state: JobState;
  isOffline: boolean;
}

/** The job in one sentence, word for word as the server says it; lit only while it is true now. */
export function MessageChip({ state, isOffline }: MessageChipProps) {
  const { generation } = state;
  if (!generation?.message) return null;
  const shown = shownState(generation);
  // The attempt that runs is as alive as the first one; without a connection nothing is.
  const isRunning = generation.status === "processing" && shown !== "stalled";
  const percentage = state.running[0]?.percentage;
  return (
    <span className={styles.message}>
      <StateChip state={isOffline && isRunning ? "queued" : isRunning ? "running" : shown} {...(percentage !== undefined && { percentage })}>
        <span title={generation.message}>{generation.message}</span>
      </StateChip>
    </span>
  );
}
