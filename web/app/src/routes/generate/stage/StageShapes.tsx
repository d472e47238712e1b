import { Shape } from "../../../controls/Loading.js";
import styles from "./Stage.module.css";

/** The stage in grey while a job is on its way here. */
export function StageShapes() {
  return (
    <div className={styles.stage}>
      <Shape width="38%" height={20} />
      <Shape height={14} />
      <div className={styles.preview}><div className={styles.square}><Shape height={220} /></div></div>
      <div className={styles.side}>
        <Shape height={168} />
        <Shape width="64%" height={12} />
        <Shape width="48%" height={12} />
      </div>
    </div>
  );
}
