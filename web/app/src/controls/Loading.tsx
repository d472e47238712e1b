import { useEffect, useState, type ReactNode } from "react";
import styles from "./Loading.module.css";

const QUIET_FOR = 200;

/** Nothing for 200 ms, then the grey shapes it is given; without any, rows of a list. */
export function Loading({ children }: { children?: ReactNode }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), QUIET_FOR);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return null;
  return (
    <div role="status" className={styles.loading}>
      <span className="visually-hidden">Loading</span>
      <div aria-hidden="true">{children ?? <Rows />}</div>
    </div>
  );
}

/** A grey shape in the place of something. */
export function Shape({ width, height = 8, round = false }: { width?: number | string; height?: number; round?: boolean }) {
  return <span className={styles.shape} style={{ width: width ?? "100%", height, borderRadius: round ? "50%" : Math.min(6, height / 2) }} />;
}

const TITLES = ["42%", "30%", "48%", "34%"];

function Rows() {
  return TITLES.map((width, row) => (
    <div key={width} className={styles.row} style={{ opacity: 1 - row * 0.22 }}>
      <Shape width={14} height={14} round />
      <Shape width={22} height={22} />
      <span className={styles.title}><Shape width={width} /></span>
      <Shape width={96} />
      <Shape width={40} />
    </div>
  ));
}
