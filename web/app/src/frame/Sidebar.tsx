import { Search } from "lucide-react";
import { Link, useLocation } from "wouter";
import { ConnectionChip } from "../connection/ConnectionChip.js";
import { Kbd } from "../controls/Kbd.js";
import { NotifyBell } from "../notify/NotifyBell.js";
import { openPalette } from "../palette/open.js";
import { ThemeButton } from "../theme/ThemeButton.js";
import { LiveNow } from "./LiveNow.js";
import { isAt, ROUTES } from "./routes.js";
import styles from "./Sidebar.module.css";
import { TabLogo } from "./TabLogo.js";
import { useCounts } from "./useCounts.js";

/** Logo, search, routes, what is live now and the connection; a rail of icons where there is less room. */
export function Sidebar() {
  const [location] = useLocation();
  const counts = useCounts();
  return (
    <div className={styles.sidebar}>
      <Link href="/" className={styles.logo} title="ComfyUI Monitor">
        <TabLogo />
        <span className={styles.name}>ComfyUI Monitor</span>
      </Link>
      <button type="button" className={styles.search} aria-keyshortcuts="Control+K" title="Search (Ctrl K)" onClick={openPalette}>
        <Search aria-hidden="true" />
        <span className={styles.word}>Search</span>
        <span className={styles.key}><Kbd>Ctrl K</Kbd></span>
      </button>
      <nav aria-label="Main" className={styles.nav}>
        {ROUTES.map(({ path, title, icon }) => (
          <Link
            key={path}
            href={path}
            title={title}
            className={styles.route}
            aria-current={location === path ? "page" : isAt(path, location) ? "true" : undefined}
          >
            {icon}
            <span className={styles.word}>{title}</span>
            {counts[path] ? <span className={styles.count}>{counts[path].text}<span className="visually-hidden"> {counts[path].of}</span></span> : null}
          </Link>
        ))}
      </nav>
      <LiveNow />
      <div className={styles.foot}>
        <ConnectionChip />
        <span className={styles.tools}>
          <NotifyBell />
          <ThemeButton />
        </span>
      </div>
    </div>
  );
}
