import { X } from "lucide-react";
import { IconButton } from "../controls/Button.js";
import { Dialog } from "../controls/Dialog.js";
import { Kbd } from "../controls/Kbd.js";
import { Switch } from "../controls/Switch.js";
import { spokenProgress } from "../spoken/spoken.js";
import { useStore } from "../store.js";
import styles from "./KeySheet.module.css";
import { ALL_KEYS, sheetOpen } from "./sheet.js";
import { singleKeys } from "./useKeys.js";

/** All keys, and the settings of those who use them or hear the page. */
export function KeySheet() {
  const singles = useStore(singleKeys);
  const spoken = useStore(spokenProgress);
  const close = () => sheetOpen.set(false);
  return (
    <Dialog label="Keys" onClose={close} className={styles.sheet}>
      <header className={styles.head}>
        <h2 className={styles.title}>Keys</h2>
        <IconButton label="Close" icon={<X />} onClick={close} />
      </header>
      <div className={styles.groups}>
        {ALL_KEYS.map(({ title, keys }) => (
          <section key={title}>
            <h3 className={styles.group}>{title}</h3>
            <dl>
              {keys.map(({ keys, does }) => (
                <div key={does} className={styles.row}>
                  <dt className={styles.keys}>{keys.map((key, at) => <Kbd key={at}>{key}</Kbd>)}</dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <div className={styles.settings}>
        <Switch checked={singles === "on"} onChange={(on) => singleKeys.set(on ? "on" : "off")} label="Keys of one letter">
          Off while typing in any case
        </Switch>
        <Switch checked={spoken === "on"} onChange={(on) => spokenProgress.set(on ? "on" : "off")} label="Tell screen readers of progress">
          Node starts, every 25%, and the end of the job in view
        </Switch>
      </div>
    </Dialog>
  );
}
