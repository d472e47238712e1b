import { useId, useState } from "react";
import { classes } from "../../../../classes.js";
import { Choice } from "../../../../controls/Choice.js";
import type { Size } from "../arrangement.js";
import { FieldFrame } from "../Field.js";
import { chosenSize, CUSTOM, sizeChoices, sizeOf, stepped } from "../figures.js";
import { draftOf, keyOf, type Drafts } from "../values.js";
import styles from "./fields.module.css";
import { arrowKeys } from "./NumberField.js";

export interface SizeFieldProps {
  size: Size;
  drafts: Drafts;
  error?: string | undefined;
  node?: string | undefined;
  onDrafts: (drafts: Drafts) => void;
}

/** Width and height as one choice: "1024 × 1024"; any other in two fields. */
export function SizeField({ size, drafts, error, node, onDrafts }: SizeFieldProps) {
  const id = useId();
  const [isCustom, setCustom] = useState(false);
  const asks = isCustom || error !== undefined;
  const choose = (choice: string) => {
    setCustom(choice === CUSTOM);
    const [width, height] = sizeOf(choice) ?? [];
    if (width && height) onDrafts({ [keyOf(size.width)]: width, [keyOf(size.height)]: height });
  };
  return (
    <FieldFrame id={id} fieldKey={keyOf(size.width)} label="Size" node={node} error={error}>
      <Choice id={id} label="Size" value={asks ? CUSTOM : chosenSize(size, drafts)} choices={sizeChoices(size, drafts)} invalid={error !== undefined} onChange={choose} />
      {asks && (
        <div className={styles.custom}>
          {[size.width, size.height].map((input, at) => (
            <div key={keyOf(input)} data-field={keyOf(input)} className={classes(styles.box, error !== undefined && styles.invalid)}>
              <input
                className={styles.input}
                type="text"
                inputMode="numeric"
                autoComplete="off"
                aria-label={at === 0 ? "Width" : "Height"}
                aria-invalid={error !== undefined || undefined}
                aria-describedby={error === undefined ? undefined : `${id}says`}
                value={draftOf(input, drafts)}
                onChange={(event) => onDrafts({ [keyOf(input)]: event.target.value })}
                onKeyDown={arrowKeys((steps) => onDrafts({ [keyOf(input)]: stepped(input, draftOf(input, drafts), steps) }))}
              />
            </div>
          ))}
        </div>
      )}
    </FieldFrame>
  );
}
