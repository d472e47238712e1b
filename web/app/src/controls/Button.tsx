import type { ButtonHTMLAttributes, ReactNode } from "react";
import { classes } from "../classes.js";
import styles from "./Button.module.css";
import { Kbd } from "./Kbd.js";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: paper white on ink, one a page. `secondary`: with a border; unless told. `quiet`: text. */
  variant?: "primary" | "secondary" | "quiet" | "danger";
  icon?: ReactNode;
  /** The key that does the same: "Ctrl ↵". */
  shortcut?: string;
}

export function Button({ variant = "secondary", icon, shortcut, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={classes(styles.button, styles[variant], className)}>
      {icon}
      <span className={styles.label}>{children}</span>
      {shortcut && <Kbd bare>{shortcut}</Kbd>}
    </button>
  );
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** Read out, and the tooltip. */
  label: string;
  icon: ReactNode;
  /** With a border of its own. */
  bordered?: boolean;
}

export function IconButton({ label, icon, bordered, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={classes(styles.iconButton, bordered && styles.bordered, className)}
    >
      {icon}
    </button>
  );
}
