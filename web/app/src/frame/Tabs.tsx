import { Search } from "lucide-react";
import { Link, useLocation } from "wouter";
import { openPalette } from "../palette/open.js";
import { isAt, ROUTES } from "./routes.js";
import styles from "./Tabs.module.css";
import { useCounts } from "./useCounts.js";

/** The navigation of a phone, at its foot. */
export function Tabs() {
  const [location] = useLocation();
  const counts = useCounts();
  return (
    <nav aria-label="Main" className={styles.tabs}>
      {ROUTES.filter(({ onPhone }) => onPhone).map(({ path, title, icon }) => (
        <Link key={path} href={path} className={styles.tab} aria-current={location === path ? "page" : isAt(path, location) ? "true" : undefined}>
          {icon}
          <span>{title}</span>
          {counts[path] && <span className="visually-hidden">{counts[path].text} {counts[path].of}</span>}
        </Link>
      ))}
      <button type="button" className={styles.tab} onClick={openPalette}>
        <Search />
        <span>Search</span>
      </button>
    </nav>
  );
}
