import type { ReactNode } from "react";
import styles from "./Banner.module.css";

interface Props {
  tone: "offline" | "refused" | "note";
  icon: ReactNode;
  title: string;
  children: ReactNode;
  /** Beside the actions; it changes often and is not read out. */
  aside?: ReactNode;
  actions?: ReactNode;
}

/** What holds for the whole page, above its route. */
export function Banner({ tone, icon, title, children, aside, actions }: Props) {
  return (
    <section className={styles.banner} data-tone={tone} aria-label={title}>
      <span className={styles.icon} aria-hidden="true">{icon}</span>
      <div className={styles.words} role="status">
        <h2 className={styles.title}>{title}</h2>
        <p className={styles.text}>{children}</p>
      </div>
      {aside && <span className={styles.aside}>{aside}</span>}
      {actions && <div className={styles.actions}>{actions}</div>}
    </section>
  );
}
