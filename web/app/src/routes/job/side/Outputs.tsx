import { isEnded, Lightbox, Results, type JobState, type Output, type Preview } from "@comfyui-monitor/react";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { classes } from "../../../classes.js";
import { outputsWords, shownOutputs } from "./outputs.js";
import styles from "./Outputs.module.css";

export interface OutputsProps {
  state: JobState;
  /** Of the picture on its way. */
  preview: Preview | undefined;
  seed: string | undefined;
  titleOf: (nodeId: string) => string | undefined;
  /** Beside a single picture, under several. */
  facts: ReactNode;
  /** The picture on its way is shown elsewhere. */
  hasPicture?: boolean;
}

/** What came out of it, and what is on its way. */
export function Outputs({ state, preview, seed, titleOf, facts, hasPicture = false }: OutputsProps) {
  const [open, setOpen] = useState<number>();
  const [, navigate] = useLocation();
  const { generation } = state;
  if (!generation) return null;
  const outputs = shownOutputs(generation.outputs);
  const isPending = !hasPicture && !isEnded(generation);
  const tiles = outputs.length + (isPending ? 1 : 0);
  const onUseInputs = (_: Output) => navigate(`/?from=${encodeURIComponent(generation.promptId)}`);
  return (
    <section aria-label="Outputs" className={styles.outputs}>
      <h2 className={styles.head}>
        Outputs <span className={styles.count}>{outputsWords(generation)}</span>
      </h2>
      <div className={classes(styles.body, tiles <= 1 ? styles.single : styles.several)}>
        {tiles > 0 && (
          <div className={styles.results}>
            <Results outputs={outputs} pending={isPending ? state : undefined} preview={preview} title={generation.title} seed={seed} onOpen={setOpen} />
          </div>
        )}
        <div className={styles.facts}>{facts}</div>
      </div>
      <Lightbox outputs={outputs} index={open} onIndex={setOpen} title={generation.title} seed={seed} nodeTitle={titleOf} onUseInputs={onUseInputs} />
    </section>
  );
}
