import { useInstances } from "@comfyui-monitor/react";
import { classes } from "../classes.js";
import { useNow } from "../time/useNow.js";
import styles from "./ConnectionChip.module.css";
import { ConnectionGlyph } from "./ConnectionGlyph.js";
import { useConnection } from "./useConnection.js";
import { isDemo, shownConnection } from "./words.js";

/** How this page is connected. `short`: the sign and the word. */
export function ConnectionChip({ short }: { short?: boolean }) {
  const now = useNow();
  const { instances } = useInstances();
  const { kind, word, note } = shownConnection({ ...useConnection(), isDemo: isDemo(instances) }, now);
  return (
    <span className={classes(styles.chip, short && styles.short)} data-kind={kind} title={note ? `${word}, ${note}` : word}>
      <ConnectionGlyph kind={kind} />
      <span className={styles.word}>{word}</span>
      {note && <span className={styles.note}>{note}</span>}
    </span>
  );
}
