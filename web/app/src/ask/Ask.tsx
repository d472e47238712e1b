import { Button } from "../controls/Button.js";
import { Dialog } from "../controls/Dialog.js";
import { useStore } from "../store.js";
import styles from "./Ask.module.css";
import { question } from "./ask.js";

/** The question that stands, if there is one. */
export function Ask() {
  const asked = useStore(question);
  if (!asked) return null;
  const { title, text, yes, no, answer } = asked;
  return (
    <Dialog label={title} onClose={() => answer(false)}>
      <div className={styles.ask}>
        <h2 className={styles.title}>{title}</h2>
        {text && <p className={styles.text}>{text}</p>}
        <div className={styles.answers}>
          <Button onClick={() => answer(false)}>{no}</Button>
          <Button variant="primary" autoFocus onClick={() => answer(true)}>{yes}</Button>
        </div>
      </div>
    </Dialog>
  );
}
