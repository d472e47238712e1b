import { Shape } from "../../controls/Loading.js";
import { keptHeight } from "./graph/height.js";
import styles from "./Shapes.module.css";

/** Grey shapes of the page to come. */
export function Shapes() {
  return (
    <div className={styles.shapes}>
      <div className={styles.overall}>
        <Shape width={88} height={48} />
        <div className={styles.lines}>
          <Shape width="34%" height={14} />
          <Shape height={14} />
        </div>
      </div>
      <div className={styles.graph} style={{ height: keptHeight() }} />
      <div className={styles.rows}>
        {[70, 42, 55, 36, 62].map((width) => (
          <div key={width} className={styles.row}>
            <Shape width={18} height={18} />
            <Shape width={120} />
            <Shape width={`${width}%`} />
          </div>
        ))}
      </div>
    </div>
  );
}
