import { useId, type ReactNode } from "react";
import styles from "./Switch.module.css";

export interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  /** What it means, under the label. */
  children?: ReactNode;
}

/** On or off, at once. */
export function Switch({ checked, onChange, label, children }: SwitchProps) {
  const id = useId();
  return (
    <div className={styles.row}>
      <label htmlFor={id} className={styles.words}>
        <span className={styles.label}>{label}</span>
        {children && <span className={styles.text}>{children}</span>}
      </label>
      <input id={id} type="checkbox" role="switch" checked={checked} className={styles.switch} onChange={(event) => onChange(event.target.checked)} />
    </div>
  );
}
