import type { ReactNode } from "react";
import styles from "./ConnectionChip.module.css";
import type { ConnectionKind } from "./words.js";

const line = { fill: "none", stroke: "currentColor", strokeWidth: 1.5 };

const SIGNS: Record<ConnectionKind, ReactNode> = {
  live: <circle cx="6" cy="6" r="3.5" fill="currentColor" />,
  demo: <circle cx="6" cy="6" r="3.5" {...line} />,
  connecting: <circle cx="6" cy="6" r="4" {...line} strokeDasharray="2 2.2" />,
  reconnecting: <circle cx="6" cy="6" r="4" {...line} strokeDasharray="3.2 3.1" />,
  offline: <rect x="2" y="2" width="8" height="8" rx="2" {...line} />,
  locked: <path d="M2.5 6h7v4.5h-7zM4 6V4a2 2 0 0 1 4 0v2" {...line} />,
  refused: <path d="m2.5 2.5 7 7m0-7-7 7" {...line} />,
};

/** A sign of its own for each state of a connection. */
export function ConnectionGlyph({ kind }: { kind: ConnectionKind }) {
  return <svg className={styles.glyph} data-kind={kind} viewBox="0 0 12 12" aria-hidden="true">{SIGNS[kind]}</svg>;
}
