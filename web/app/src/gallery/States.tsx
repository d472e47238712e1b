import { StateChip, type ShownState } from "@comfyui-monitor/react";
import { Fragment } from "react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

const STATES: [ShownState, drawing: string, meaning: string][] = [
  ["queued", "ring of dashes", "waits for its turn"],
  ["running", "ring fills, lit core", "happens now; the only amber"],
  ["cached", "half-filled diamond", "kept from an earlier run"],
  ["done", "disc with tick", "finished, files are here"],
  ["failed", "octagon with cross", "an error ended it"],
  ["interrupted", "square in square", "a person stopped it"],
  ["retrying", "turning arrow", "we are trying again"],
  ["stalled", "triangle", "running, but silent too long"],
  ["lost", "broken ring", "the server forgot it"],
];

export function States() {
  return (
    <Card title="States: colour, glyph and word, always together" wide={8}>
      <div className={styles.states}>
        {STATES.map(([state, drawing, meaning]) => (
          <Fragment key={state}>
            <span><StateChip state={state} percentage={75} /></span>
            <span>{drawing}</span>
            <span className={styles.note}>{meaning}</span>
          </Fragment>
        ))}
      </div>
    </Card>
  );
}
