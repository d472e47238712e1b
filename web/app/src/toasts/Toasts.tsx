import { StateGlyph } from "@comfyui-monitor/react";
import { Info, X } from "lucide-react";
import { Button, IconButton } from "../controls/Button.js";
import { useStore } from "../store.js";
import type { Told } from "./toaster.js";
import { toaster } from "./toasts.js";
import styles from "./Toasts.module.css";

/** What is told at the foot of the page. Two regions that are always there, so that readers hear what comes into them. */
export function Toasts() {
  const told = useStore(toaster);
  const errors = told.filter(({ tone }) => tone === "failed");
  const others = told.filter(({ tone }) => tone !== "failed");
  return (
    <div
      className={styles.toasts}
      onPointerEnter={() => toaster.pause()}
      onPointerLeave={() => toaster.resume()}
      onFocus={() => toaster.pause()}
      onBlur={({ currentTarget, relatedTarget }) => !currentTarget.contains(relatedTarget) && toaster.resume()}
    >
      <div role="alert">{errors.map((toast) => <Row key={toast.id} toast={toast} />)}</div>
      <div role="status">{others.map((toast) => <Row key={toast.id} toast={toast} />)}</div>
    </div>
  );
}

function Row({ toast: { id, tone, title, text, action, icon } }: { toast: Told }) {
  // Gone under the pointer: nothing would say that it left.
  const close = () => {
    toaster.close(id);
    toaster.resume();
  };
  return (
    <div className={styles.toast}>
      <span className={styles.icon} aria-hidden="true">{icon ?? (tone === "note" ? <Info /> : <StateGlyph state={tone} />)}</span>
      <div className={styles.words}>
        <p className={styles.title} title={title}>{title}</p>
        {text && <p className={styles.text}>{text}</p>}
      </div>
      {action && (
        <Button
          variant="quiet"
          onClick={() => {
            action.run();
            close();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton label="Close" icon={<X />} onClick={close} />
    </div>
  );
}
