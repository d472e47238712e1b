import type { ButtonHTMLAttributes, ReactNode } from "react";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: paper white on ink, one a page. `secondary`: with a border; unless told. `quiet`: text. */
  variant?: "primary" | "secondary" | "quiet" | "danger";
  icon?: ReactNode;
  /** The key that does the same: "Ctrl ↵". */
  shortcut?: string;
}

export function Button({ variant: _, icon, shortcut, children, ...rest }: ButtonProps) {
  return <button type="button" {...rest}>{icon}{children}{shortcut}</button>;
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** Read out, and the tooltip. */
  label: string;
  icon: ReactNode;
}

export function IconButton({ label, icon, ...rest }: IconButtonProps) {
  return <button type="button" aria-label={label} title={label} {...rest}>{icon}</button>;
}
