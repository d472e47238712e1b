import { StateGlyph, stateWord } from "@comfyui-monitor/react";
import type { ReactNode } from "react";
import styles from "./EndingCard.module.css";
import type { Ending } from "./words.js";

/** An ending or a silence that is nobody's error, and what can be done. */
export function EndingCard({ ending, children }: { ending: Ending; children?: ReactNode }) {
  return (
    <section className={styles.card} data-state={ending.state} role="status">
      <StateGlyph state={ending.state} size={18} label={stateWord(ending.state)} />
      <div className={styles.words}>
        <h2 className={styles.title}>{ending.title}</h2>
        <p className={styles.text}>{ending.text}.</p>
      </div>
      {children && <div className={styles.actions}>{children}</div>}
    </section>
  );
}
