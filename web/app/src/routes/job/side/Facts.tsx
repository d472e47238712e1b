import { CopyButton } from "../../../controls/CopyButton.js";
import type { Fact } from "./facts.js";
import styles from "./Facts.module.css";

/** Where it runs, and with what. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(({ name, value, title, isMono }) => (
        <div key={name} className={styles.fact}>
          <dt>{name}</dt>
          <dd data-mono={isMono || undefined} title={title ?? value}>
            <span>{value}</span>
            {name === "Seed" && <CopyButton text={title ?? value} label="Copy seed" />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
