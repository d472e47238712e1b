import { StateGlyph, stateWord, type Generation, type Instance } from "@comfyui-monitor/react";
import styles from "./Headline.module.css";
import { headlineOf, sentenceOf } from "./words.js";

export interface HeadlineProps {
  generation: Generation;
  instance: Instance | undefined;
}

/** The cause and the node in words, then what else is known of it. */
export function Headline({ generation, instance }: HeadlineProps) {
  const { error, nodes } = generation;
  const title = nodes.find(({ nodeId }) => nodeId === error?.nodeId)?.title;
  const name = instance?.name ?? generation.instanceId;
  return (
    <header className={styles.headline} role="alert">
      <StateGlyph state={error?.type === "instance_lost" ? "lost" : "failed"} size={28} label={stateWord("failed")} />
      <div className={styles.words}>
        <h2 className={styles.title}>{error ? headlineOf(error, title, name) : "The job failed"}</h2>
        <p className={styles.text}>{sentenceOf(generation, instance)}</p>
      </div>
    </header>
  );
}
