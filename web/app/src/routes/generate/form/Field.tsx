import type { FormInput } from "@comfyui-monitor/react";
import { memo, useId, type ReactNode } from "react";
import styles from "./Field.module.css";
import { BooleanField } from "./fields/BooleanField.js";
import { ChoiceField } from "./fields/ChoiceField.js";
import { ImageField } from "./fields/ImageField.js";
import { NumberField } from "./fields/NumberField.js";
import { SeedField } from "./fields/SeedField.js";
import { TextField } from "./fields/TextField.js";
import { keyOf } from "./values.js";

export interface FieldProps {
  input: FormInput;
  draft: string;
  error?: string | undefined;
  warning?: string | undefined;
  /** Instead of the input's own. */
  label?: string | undefined;
  /** The node it belongs to, at the right of the label. */
  node?: string | undefined;
  onDraft: (key: string, draft: string) => void;
}

/** One input of the workflow: its label, its control, and what is wrong with it. */
export const Field = memo(function Field({ input, draft, error, warning, label = input.label, node, onDraft }: FieldProps) {
  const id = useId();
  const key = keyOf(input);
  const Control = controlOf(input);
  const says = error ?? warning;
  return (
    <FieldFrame id={id} fieldKey={key} label={label} node={node} error={error} warning={warning}>
      <Control
        input={input}
        draft={draft}
        onDraft={(next) => onDraft(key, next)}
        id={id}
        label={label}
        invalid={error !== undefined}
        describedBy={says === undefined ? undefined : `${id}says`}
      />
    </FieldFrame>
  );
});

function controlOf({ type, role }: FormInput) {
  if (role === "image") return ImageField;
  if (role === "seed" && type === "int") return SeedField;
  if (type === "int" || type === "float") return NumberField;
  if (type === "choice") return ChoiceField;
  return type === "boolean" ? BooleanField : TextField;
}

export interface FieldFrameProps {
  /** Of the control. */
  id: string;
  /** Of the input, to be found by. */
  fieldKey: string;
  label: string;
  node?: string | undefined;
  error?: string | undefined;
  warning?: string | undefined;
  children: ReactNode;
}

/** Label, node, control, and the sentence under it. */
export function FieldFrame({ id, fieldKey, label, node, error, warning, children }: FieldFrameProps) {
  return (
    <div className={styles.field} data-field={fieldKey}>
      <div className={styles.head}>
        <label htmlFor={id} className={styles.label} title={label}>{label}</label>
        {node && <span className={styles.node} title={node}>{node}</span>}
      </div>
      {children}
      {(error ?? warning) && (
        <p id={`${id}says`} className={error ? styles.error : styles.warning}>{error ?? warning}</p>
      )}
    </div>
  );
}
