import { useEffect, useRef, type ReactNode } from "react";
import { classes } from "../classes.js";
import styles from "./Dialog.module.css";

export interface DialogProps {
  label: string;
  /** Escape, and a press beside it. */
  onClose: () => void;
  className?: string | undefined;
  /** A name for keys that act inside it alone. */
  name?: string;
  children: ReactNode;
}

/** Floats over the page and keeps the focus until it is closed; then the focus goes back to where it was. */
export function Dialog({ label, onClose, className, name, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    if (element && !element.open) element.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      data-name={name}
      className={classes(styles.dialog, className)}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={({ target, currentTarget }) => target === currentTarget && onClose()}
    >
      {children}
    </dialog>
  );
}
