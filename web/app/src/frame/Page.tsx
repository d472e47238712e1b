import { useEffect, type ReactNode } from "react";
import { Link } from "wouter";
import { classes } from "../classes.js";
import { ConnectionChip } from "../connection/ConnectionChip.js";
import { pageTitle } from "../tab/tab.js";
import styles from "./Page.module.css";
import { TabLogo } from "./TabLogo.js";

export interface PageProps {
  /** The document's title and the heading of the top bar. */
  title: string;
  /** Instead of the heading: "Jobs > Lighthouse at dusk". */
  crumbs?: ReactNode;
  /** At the right of the top bar. On a phone in a line under it; what is hidden there takes no room. */
  actions?: ReactNode;
  /** The route lays out the whole width itself; without it what is very wide is centred at 1280. */
  wide?: boolean;
  children: ReactNode;
}

/**
 * One route: its top bar and what is under it. What is under it scrolls in a box of its own and has no padding:
 * a route takes `var(--app-gutter)`. `height: 100%` fills it.
 */
export function Page({ title, crumbs, actions, wide, children }: PageProps) {
  useEffect(() => {
    pageTitle.set(title);
    return () => pageTitle.set("");
  }, [title]);
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <Link href="/" className={styles.logo} aria-label="ComfyUI Monitor"><TabLogo /></Link>
        {crumbs ? <nav aria-label="Where this is" className={styles.crumbs}>{crumbs}</nav> : null}
        {crumbs ? <p className={styles.short} title={title}>{title}</p> : <h1 className={styles.title} title={title}>{title}</h1>}
        {actions && <div className={styles.actions}>{actions}</div>}
        <div className={styles.connection}><ConnectionChip short /></div>
      </header>
      <div className={styles.content}>
        <div className={classes(styles.stage, wide && styles.wide)}>{children}</div>
      </div>
    </div>
  );
}
