import { Button } from "../controls/Button.js";
import { Kbd } from "../controls/Kbd.js";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

export function Controls() {
  return (
    <Card title="Buttons and keys" wide={4}>
      <div className={styles.row}>
        <Button variant="primary" shortcut="Ctrl ↵">Generate</Button>
        <Button>Cancel</Button>
        <Button variant="quiet">Details</Button>
        <Button variant="danger">Stop retrying</Button>
      </div>
      <div className={styles.row}>
        <Kbd>j</Kbd><Kbd>k</Kbd> move <Kbd>Enter</Kbd> open <Kbd>f</Kbd> focus on the picture <Kbd>Ctrl K</Kbd> anything
      </div>
    </Card>
  );
}
