import { ErrorCard, type Generation } from "@comfyui-monitor/react";
import type { Job } from "../data/useJob.js";
import styles from "./Failed.module.css";
import { Headline } from "../../../jobs/failed/Headline.js";
import { Memory } from "./Memory.js";
import { Stopped } from "./Stopped.js";
import { Suggestions } from "../../../jobs/failed/Suggestions.js";
import { Tried } from "./Tried.js";

export interface FailedProps {
  job: Job;
  generation: Generation;
  names: ReadonlyMap<string, string>;
  titleOf: (nodeId: string) => string | undefined;
  /** Its end stands in a card above. */
  isLost: boolean;
}

/** Why it failed, what may work, what was tried. */
export function Failed({ job, generation, names, titleOf, isLost }: FailedProps) {
  const { instance, isNewest } = job;
  const { error, attempts, warnings = [] } = generation;
  const last = attempts.at(-1);
  const refused = error?.type === "submission_refused" ? warnings : [];
  return (
    <>
      {!isLost && <Headline generation={generation} instance={instance} />}
      <div className={styles.columns}>
        <div className={styles.column}>
          {isNewest && !isLost && <Suggestions generation={generation} />}
          {error && !isLost && <ErrorCard error={error} generation={generation} comfyuiVersion={instance?.comfyuiVersion} nodeErrors={refused} open />}
          <Stopped generation={generation} names={names} />
        </div>
        <div className={styles.column}>
          {isNewest && attempts.length > 0 && <Tried generation={generation} titleOf={titleOf} />}
          <Memory attempt={last} instance={instance} />
        </div>
      </div>
    </>
  );
}
