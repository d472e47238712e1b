import { useRef, type ReactNode } from "react";
import { useRoute } from "wouter";
import { Ask } from "../ask/Ask.js";
import { classes } from "../classes.js";
import { ComfyAwayBanner } from "../connection/ComfyAway.js";
import { OfflineBanner } from "../connection/OfflineBanner.js";
import { Drop } from "../drop/Drop.js";
import { KeySheet } from "../keys/KeySheet.js";
import { sheetOpen } from "../keys/sheet.js";
import { useAppKeys } from "../keys/useAppKeys.js";
import { PaletteHost } from "../palette/PaletteHost.js";
import { LiveRegion } from "../spoken/LiveRegion.js";
import { useStore } from "../store.js";
import { Toasts } from "../toasts/Toasts.js";
import styles from "./Frame.module.css";
import { Sidebar } from "./Sidebar.js";
import { Tabs } from "./Tabs.js";

/** Navigation, what is live now, the connection; and inside it the route. */
export function Frame({ children }: { children: ReactNode }) {
  const [isBare] = useRoute("/jobs/:queueId/focus");
  const main = useRef<HTMLElement>(null);
  const isSheetOpen = useStore(sheetOpen);
  useAppKeys();
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
        {!isBare && <ComfyAwayBanner />}
        {children}
      </main>
      {!isBare && <Tabs />}
      <Toasts />
      <PaletteHost />
      {isSheetOpen && <KeySheet />}
      <Ask />
      <Drop />
      <LiveRegion />
    </div>
  );
}
