import { ChevronUp, X } from "lucide-react";
import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { IconButton } from "../../controls/Button.js";
import { useStore } from "../../store.js";
import styles from "./Generate.module.css";
import { Form, type FormProps } from "./form/Form.js";
import { form } from "./form/form.js";
import { ownJobs } from "./session.js";
import { Start } from "./Start.js";
import type { Reading } from "./useReading.js";

export interface FormPlaceProps extends Omit<FormProps, "onSubmit"> {
  isPhone: boolean;
  reading: Reading;
  submit: () => Promise<void>;
}

/** The form beside the stage; on a phone as a sheet behind a bar. */
export function FormPlace({ isPhone, reading, submit, ...rest }: FormPlaceProps) {
  const isLoaded = useStore(form).loaded !== undefined;
  const onSubmit = useCallback(() => void submit(), [submit]);
  const content = isLoaded ? <Form {...rest} onSubmit={onSubmit} /> : <Start reading={reading} narrow />;
  return isPhone ? <Sheet taken={reading.taken}>{content}</Sheet> : <section className={styles.column} aria-label="New picture">{content}</section>;
}

/**
 * Comes up from the foot, also with a workflow that was just brought in; goes when a job was sent, Escape is pressed, or
 * what is behind it is tapped.
 */
function Sheet({ taken, children }: { taken: number; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (taken > 0) setOpen(true);
  }, [taken]);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const box = dialog.current;
    if (!open || !box) return;
    box.showModal();
    return () => box.close();
  }, [open]);
  useEffect(() => {
    let newest = ownJobs.get()[0]?.queueId;
    return ownJobs.subscribe(() => {
      const now = ownJobs.get()[0]?.queueId;
      if (now !== newest && ownJobs.get().length > 0) setOpen(false);
      newest = now;
    });
  }, []);
  useEffect(() => {
    let refused = form.get().refused;
    return form.subscribe(() => {
      const now = form.get().refused;
      // Sent, and refused: what is to be mended is in the sheet.
      if (now !== refused && Object.keys(now).length > 0) setOpen(true);
      refused = now;
    });
  }, []);
  return (
    <>
      <div className={styles.bar}>
        <button type="button" className={styles.open} aria-haspopup="dialog" onClick={() => setOpen(true)}>
          New picture
          <ChevronUp aria-hidden="true" />
        </button>
      </div>
      <dialog
        ref={dialog}
        className={styles.sheet}
        aria-label="New picture"
        onClose={() => setOpen(false)}
        onClick={(event) => event.target === event.currentTarget && setOpen(false)}
      >
        {open && (
          <div className={styles.sheetInner}>
            <div className={styles.sheetHead}>
              <h2>New picture</h2>
              <IconButton label="Close" icon={<X aria-hidden="true" />} onClick={() => setOpen(false)} />
            </div>
            {children}
          </div>
        )}
      </dialog>
    </>
  );
}
