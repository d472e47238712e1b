import { nodeStateWord, shownNodeState, StateGlyph, type Generation } from "@comfyui-monitor/react";
import { classes } from "../../../classes.js";
import { useIsMarked, useMarks } from "../data/marked.js";
import card from "../../../jobs/failed/Card.module.css";
import { hadRun, pathThrough } from "./path.js";
import styles from "./Stopped.module.css";

/** The nodes before and after the one that failed, on one line. */
export function Stopped({ generation, names }: { generation: Generation; names: ReadonlyMap<string, string> }) {
  const path = pathThrough(generation.nodes, generation.error?.nodeId);
  if (path.length === 0) return null;
  return (
    <section className={card.card} aria-labelledby="stopped">
      <h3 id="stopped" className={card.title}>
        Where it stopped <span className={card.aside}>{hadRun(generation.nodes)}</span>
      </h3>
      <ol className={styles.path}>
        {path.map((node) => (
          <Step key={node.nodeId} id={node.nodeId} state={node.state} name={names.get(node.nodeId) ?? node.title} />
        ))}
      </ol>
    </section>
  );
}

function Step({ id, state, name }: { id: string; state: Generation["nodes"][number]["state"]; name: string }) {
  const marks = useMarks();
  const isMarked = useIsMarked(id);
  return (
    <li
      className={classes(styles.step, isMarked && styles.marked)}
      data-state={state}
      title={name}
      onPointerEnter={() => marks.mark(id)}
      onPointerLeave={() => marks.mark(undefined)}
    >
      <StateGlyph state={shownNodeState(state)} size={14} label={nodeStateWord(state)} />
      <span className={styles.name}>{name}</span>
    </li>
  );
}
