import { FileBraces, X } from "lucide-react";
import { IconButton } from "../../../controls/Button.js";
import { leadingCount, nodeCount, type Row } from "./arrangement.js";
import styles from "./Form.module.css";
import type { Loaded } from "./form.js";

/** The workflow in the form: what it is called, and what was found in it. */
export function WorkflowCard({ loaded, rows, onRemove }: { loaded: Loaded; rows: readonly Row[]; onRemove: () => void }) {
  const nodes = nodeCount(loaded.workflow);
  const inputs = leadingCount(rows);
  return (
    <div className={styles.card}>
      <span className={styles.tile}><FileBraces size={16} strokeWidth={1.7} aria-hidden="true" /></span>
      <div className={styles.about}>
        <h2 className={styles.name} title={loaded.name}>{loaded.name}</h2>
        <p className={styles.found}>
          {nodes} {nodes === 1 ? "node" : "nodes"}, {inputs} {inputs === 1 ? "input" : "inputs"} found
        </p>
      </div>
      <IconButton label="Remove the workflow" icon={<X size={16} strokeWidth={1.7} aria-hidden="true" />} onClick={onRemove} />
    </div>
  );
}
