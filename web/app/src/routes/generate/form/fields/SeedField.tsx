import { Dices } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { classes } from "../../../../classes.js";
import { IconButton } from "../../../../controls/Button.js";
import type { ControlProps } from "./props.js";
import { grouped, stepped } from "../figures.js";
import { form, throwDice } from "../form.js";
import { keyOf } from "../values.js";
import styles from "./fields.module.css";
import { arrowKeys } from "./NumberField.js";

/** A seed: text, as JavaScript would round it, in groups of three until it is edited; and the dice. */
export function SeedField({ input, draft, onDraft, id, label, invalid, describedBy }: ControlProps) {
  const [editing, setEditing] = useState(false);
  const key = keyOf(input);
  const throws = useSyncExternalStore(form.subscribe, () => form.get().throws[key] ?? 0);
  return (
    <div className={classes(styles.box, invalid && styles.invalid)}>
      <input
        id={id}
        className={styles.input}
        type="text"
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        title={draft}
        value={editing ? draft : grouped(draft)}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        onFocus={() => setEditing(true)}
        onBlur={() => setEditing(false)}
        onChange={(event) => onDraft(event.target.value)}
        onKeyDown={arrowKeys((steps) => onDraft(stepped(input, draft, steps)))}
      />
      <IconButton
        label={`New ${label.toLowerCase()}`}
        className={classes(styles.dice, throws > 0 && (throws % 2 === 0 ? styles.turning : styles.turningAgain))}
        icon={<Dices size={16} strokeWidth={1.7} aria-hidden="true" />}
        onClick={() => throwDice(key)}
      />
    </div>
  );
}
