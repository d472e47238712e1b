import { classes } from "../../../../classes.js";
import type { ControlProps } from "./props.js";
import styles from "./fields.module.css";

/** Texts of one line and of many, and JSON. */
export function TextField({ input, draft, onDraft, id, invalid, describedBy }: ControlProps) {
  const about = { id, value: draft, "aria-invalid": invalid || undefined, "aria-describedby": describedBy };
  const box = classes(styles.box, invalid && styles.invalid);
  if (input.type === "string") {
    return (
      <div className={box}>
        <input {...about} className={styles.input} type="text" autoComplete="off" onChange={(event) => onDraft(event.target.value)} />
      </div>
    );
  }
  const isJson = input.type === "json";
  const isPrompt = input.role === "prompt";
  return (
    <div className={box}>
      <textarea
        {...about}
        className={classes(styles.area, isPrompt && styles.prompt, isJson && styles.mono)}
        rows={isPrompt ? 4 : rowsOf(draft)}
        spellCheck={!isJson}
        onChange={(event) => onDraft(event.target.value)}
      />
    </div>
  );
}

/** Where the browser does not size it by what is in it. */
function rowsOf(draft: string): number {
  const lines = draft.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 38)), 0);
  return Math.min(8, Math.max(1, lines));
}
