import { ErrorCard, FinishedList, type Instance, type JobState } from "@comfyui-monitor/react";
import { Headline } from "../../../jobs/failed/Headline.js";
import { Suggestions } from "../../../jobs/failed/Suggestions.js";
import styles from "./Stage.module.css";

export interface FailedProps {
  state: JobState;
  instance: Instance | undefined;
  marked: string | undefined;
  onMark: (nodeId: string | undefined) => void;
}

/** Why it failed, what may help, and what was done before. */
export function Failed({ state, instance, ...mark }: FailedProps) {
  const { generation } = state;
  if (!generation) return null;
  return (
    <div className={styles.failed}>
      <div className={styles.headline}><Headline generation={generation} instance={instance} /></div>
      <div className={styles.failedColumn}>
        <Suggestions generation={generation} />
        <FinishedList state={state} {...mark} />
      </div>
      {generation.error && (
        <div className={styles.failedColumn}>
          <ErrorCard error={generation.error} generation={generation} comfyuiVersion={instance?.comfyuiVersion} nodeErrors={generation.warnings} />
        </div>
      )}
    </div>
  );
}
