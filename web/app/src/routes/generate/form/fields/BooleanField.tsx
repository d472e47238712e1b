import type { ControlProps } from "./props.js";
import styles from "./fields.module.css";

export function BooleanField({ draft, onDraft, id, label, describedBy }: ControlProps) {
  const isOn = draft === "true";
  return (
    <button
      id={id}
      type="button"
      role="switch"
      aria-checked={isOn}
      aria-label={label}
      aria-describedby={describedBy}
      className={styles.switch}
      onClick={() => onDraft(String(!isOn))}
    >
      <span className={styles.rail} aria-hidden="true"><span className={styles.knob} /></span>
      {isOn ? "On" : "Off"}
    </button>
  );
}
