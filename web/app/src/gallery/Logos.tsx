import { Logo, tabTitle, type LogoProps } from "@comfyui-monitor/react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

const job = { title: "Lighthouse at dusk", percentage: 66 };
const LOGOS: [title: string, LogoProps][] = [
  [tabTitle({ running: [] }), {}],
  [tabTitle({ running: [job] }), { percentage: 66 }],
  [tabTitle({ running: [], ended: { title: job.title, state: "done" } }), { state: "done" }],
  [tabTitle({ running: [], ended: { title: "Poster", state: "failed" } }), { state: "failed" }],
];

export function Logos() {
  return (
    <Card title="Logo and tab" wide={4}>
      <div className={styles.kinds}>
        {LOGOS.map(([title, logo]) => (
          <span key={title} className={styles.kind}><Logo size={32} {...logo} /><Logo size={16} {...logo} />{title}</span>
        ))}
      </div>
    </Card>
  );
}
