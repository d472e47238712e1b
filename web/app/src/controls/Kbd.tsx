import { classes } from "../classes.js";
import { keyName } from "../keys/names.js";
import styles from "./Kbd.module.css";

/** A key: `Ctrl K`, which is `⌘ K` on a Mac. `bare`: without its frame, as inside a button. */
export function Kbd({ children, bare }: { children: string; bare?: boolean }) {
  return <kbd className={classes(styles.kbd, bare && styles.bare)}>{keyName(children)}</kbd>;
}
