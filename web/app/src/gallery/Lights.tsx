import { EdgeLight } from "@comfyui-monitor/react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

export function Lights() {
  return (
    <Card title="Edge light: from top centre, clockwise" wide={8}>
      <div className={styles.row}>
        {[12.5, 37.5, 66, 90, 100].map((percentage) => (
          <EdgeLight key={percentage} percentage={percentage} lit radius={12} width={2} gap={3} className={styles.tile ?? ""}>
            <div className={styles.picture} style={{ width: 96, height: 96 }}>{percentage}</div>
          </EdgeLight>
        ))}
        <EdgeLight percentage={66} lit radius={16}><div className={styles.picture} style={{ width: 230, height: 200 }}>66</div></EdgeLight>
        <EdgeLight percentage={66} lit radius={10} width={2} gap={0} aspect={176 / 92}><div className={styles.picture} style={{ width: 176, height: 92 }}>66</div></EdgeLight>
        {[25, 66].map((percentage) => (
          <EdgeLight key={percentage} percentage={percentage} lit radius={8} width={1.5} gap={1.5}><div className={styles.picture} style={{ width: 26, height: 26 }} /></EdgeLight>
        ))}
        <EdgeLight percentage={66} lit={false} radius={12} width={2} gap={3}><div className={styles.picture} style={{ width: 96, height: 96 }}>out</div></EdgeLight>
      </div>
    </Card>
  );
}
