import { useRef, type ReactNode } from "react";
import { useRoute } from "wouter";
import { classes } from "../classes.js";
import { OfflineBanner } from "../connection/OfflineBanner.js";
import styles from "./Frame.module.css";
import { Sidebar } from "./Sidebar.js";
import { Tabs } from "./Tabs.js";

/** Navigation, what is live now, the connection; and inside it the route. */
export function Frame({ children }: { children: ReactNode }) {
  const [isBare] = useRoute("/jobs/:queueId/focus");
  const main = useRef<HTMLElement>(null);
  return (
    <div className={classes(styles.frame, isBare && styles.bare)}>
      <a
        href="#main"
        className={styles.skip}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the page
      </a>
      {!isBare && <Sidebar />}
      <main ref={main} id="main" tabIndex={-1} className={styles.main}>
        <OfflineBanner />
        {children}
      </main>
      {!isBare && <Tabs />}
    </div>
  );
}
