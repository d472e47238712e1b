import type { ReactNode } from "react";
import styles from "./Gallery.module.css";

/** One theme of components; `wide` of six columns. */
export function Card({ title, wide, children }: { title: string; wide: number; children: ReactNode }) {
  return (
    <section className={styles.card} style={{ gridColumn: `span ${wide}` }}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
