import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

const COLOURS =
  "canvas surface raised hover active well line line-strong control text text-2 text-3 live ember amber glow track state-queued state-cached state-done state-failed state-interrupted state-retrying state-stalled state-lost".split(" ");

export function Colours() {
  return (
    <Card title="Colour" wide={12}>
      <div className={styles.colours}>
        {COLOURS.map((colour) => (
          <div key={colour}>
            <div className={styles.swatch} style={{ background: `var(--cm-${colour})` }} />
            {colour.replace("state-", "")}
          </div>
        ))}
      </div>
    </Card>
  );
}
