import { count } from "@comfyui-monitor/react";
import { Clock, Search, Server, X } from "lucide-react";
import { useEffect, useState, type Ref } from "react";
import { classes } from "../../classes.js";
import { IconButton } from "../../controls/Button.js";
import { Choice } from "../../controls/Choice.js";
import { Kbd } from "../../controls/Kbd.js";
import styles from "./FilterBar.module.css";
import { SHOWS, TIMES, UNFILTERED, type Filters, type Show, type Since } from "./filters.js";

interface Props {
  filters: Filters;
  counts: Record<Show, number> | undefined;
  instances: readonly { instanceId: string; name: string }[];
  searchRef: Ref<HTMLInputElement>;
  onFilters: (filters: Filters) => void;
}

/** How long typing rests before it is searched (ms). */
const REST = 200;

/** What of the jobs is listed. */
export function FilterBar({ filters, counts, instances, searchRef, onFilters }: Props) {
  const known = instances.some(({ instanceId }) => instanceId === filters.instanceId);
  const choices = [
    { value: "", label: "Any instance" },
    ...instances.map(({ instanceId, name }) => ({ value: instanceId, label: name })),
    ...(filters.instanceId && !known ? [{ value: filters.instanceId, label: filters.instanceId }] : []),
  ];
  return (
    <div role="search" aria-label="Jobs" className={styles.bar}>
      <div role="group" aria-label="Show" className={styles.shows}>
        {SHOWS.map(({ show, label }) => (
          <button key={show} type="button" aria-pressed={filters.show === show} className={styles.show} onClick={() => onFilters({ ...filters, show })}>
            {label}
            {counts && <span className={styles.count}>{count(counts[show])}</span>}
          </button>
        ))}
      </div>
      <div className={styles.more}>
        <span className={classes(styles.choice, filters.instanceId !== "" && styles.narrows)}>
          <Server aria-hidden="true" />
          <Choice label="Instance" value={filters.instanceId} choices={choices} onChange={(instanceId) => onFilters({ ...filters, instanceId })} />
        </span>
        <span className={classes(styles.choice, filters.since !== UNFILTERED.since && styles.narrows)}>
          <Clock aria-hidden="true" />
          <Choice label="Time" value={filters.since} choices={TIMES} onChange={(since) => onFilters({ ...filters, since: since as Since })} />
        </span>
        <SearchField q={filters.q} inputRef={searchRef} onSearch={(q) => onFilters({ ...filters, q })} />
      </div>
    </div>
  );
}

function SearchField({ q, inputRef, onSearch }: { q: string; inputRef: Ref<HTMLInputElement>; onSearch: (q: string) => void }) {
  const [typed, setTyped] = useState(q);
  const [told, setTold] = useState(q);
  // The address changed by itself: a link, or back.
  if (q !== told) {
    setTold(q);
    setTyped(q);
  }
  useEffect(() => {
    if (typed === q) return;
    const timer = setTimeout(() => {
      setTold(typed);
      onSearch(typed);
    }, REST);
    return () => clearTimeout(timer);
  });
  return (
    <label className={styles.search}>
      <Search aria-hidden="true" />
      <input
        ref={inputRef}
        type="search"
        aria-label="Find by title or id"
        placeholder="Find by title or id"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          if (typed) setTyped("");
          else event.currentTarget.blur();
        }}
      />
      {typed ? <IconButton label="Clear the search" icon={<X />} onClick={() => setTyped("")} /> : <Kbd>/</Kbd>}
    </label>
  );
}
