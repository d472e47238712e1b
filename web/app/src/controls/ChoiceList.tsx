import { Search } from "lucide-react";
import { useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { classes } from "../classes.js";
import styles from "./Choice.module.css";
import { matching, MAX_SHOWN, SEARCH_FROM, typedTo, type Option } from "./choices.js";
import { placedUnder } from "./place.js";

interface Props {
  id: string;
  anchor: HTMLElement;
  label: string;
  choices: readonly Option[];
  value: string;
  /** What was typed to open it. */
  typed: string;
  mark: ReactNode;
  onClose: (refocus: boolean) => void;
  onChoose: (value: string) => void;
}

/** The open list of a {@link Choice}, in the browser's top layer so that nothing clips it. */
export function ChoiceList({ id, anchor, label, choices, value, typed, mark, onClose, onChoose }: Props) {
  const searches = choices.length >= SEARCH_FROM;
  const [search, setSearch] = useState(searches ? typed : "");
  const found = useMemo(() => matching(choices, search), [choices, search]);
  const shown = found.slice(0, MAX_SHOWN);
  const [active, setActive] = useState(() => first(searches, shown, value, typed));
  const prefix = useId();
  const panel = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const typing = useRef({ text: typed, at: 0 });

  useLayoutEffect(() => {
    const element = panel.current;
    if (!element) return;
    element.showPopover?.();
    Object.assign(element.style, placedUnder(anchor.getBoundingClientRect(), innerWidth, innerHeight));
    (element.querySelector("input") ?? list.current)?.focus();
    const away = () => onClose(false);
    // It does not follow its field; a page that scrolls under it closes it.
    const scrolled = ({ target }: Event) => target instanceof Node && !element.contains(target) && target.contains(anchor) && away();
    addEventListener("resize", away);
    addEventListener("scroll", scrolled, true);
    return () => {
      removeEventListener("resize", away);
      removeEventListener("scroll", scrolled, true);
    };
    // Placed once, where its field was.
  }, []);

  useLayoutEffect(() => {
    list.current?.children[active]?.scrollIntoView?.({ block: "nearest" });
  }, [active, found]);

  const choose = (at: number) => {
    const choice = shown[at];
    if (choice) onChoose(choice.value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = shown.length - 1;
    const to = { ArrowDown: Math.min(last, active + 1), ArrowUp: Math.max(0, active - 1), PageDown: Math.min(last, active + 8), PageUp: Math.max(0, active - 8), ...(searches ? {} : { Home: 0, End: last }) }[event.key];
    if (to !== undefined) setActive(to);
    else if (event.key === "Enter" || (event.key === " " && !searches)) choose(active);
    else if (event.key === "Escape") onClose(true);
    else if (event.key === "Tab") return onClose(true);
    else if (!searches && event.key.length === 1) setActive((now) => jump(typing.current, event, shown, now));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const option = (at: number) => `${prefix}${at}`;
  const focused = { "aria-activedescendant": shown.length > 0 ? option(active) : undefined, onKeyDown };
  return (
    <div
      ref={panel}
      popover="manual"
      className={styles.panel}
      onBlur={({ currentTarget, relatedTarget }) => !currentTarget.contains(relatedTarget) && relatedTarget !== anchor && onClose(false)}
    >
      {searches && (
        <label className={styles.search}>
          <Search aria-hidden="true" />
          <input
            role="combobox"
            aria-expanded="true"
            aria-controls={id}
            aria-label={`Search ${label}`}
            placeholder={`Search ${choices.length}`}
            autoComplete="off"
            spellCheck={false}
            value={search}
            onChange={(event) => {
              setSearch(event.target.value);
              setActive(0);
            }}
            {...focused}
          />
        </label>
      )}
      <ul ref={list} id={id} role="listbox" aria-label={label} tabIndex={-1} className={styles.list} {...(searches ? {} : focused)}>
        {shown.map((choice, at) => (
          <li
            key={choice.value}
            id={option(at)}
            role="option"
            aria-selected={choice.value === value}
            title={choice.label}
            className={classes(styles.option, at === active && styles.active)}
            onPointerMove={() => setActive(at)}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(at)}
          >
            <span className={styles.value}>{choice.label}</span>
            {choice.value === value && mark}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className={styles.note}>Nothing with “{search}”</p>}
      {found.length > shown.length && <p className={styles.note}>{found.length - shown.length} more: search for them</p>}
      <span className="visually-hidden" role="status">{search && `${found.length} found`}</span>
    </div>
  );
}

function first(searches: boolean, shown: readonly Option[], value: string, typed: string): number {
  const chosen = shown.findIndex((choice) => choice.value === value);
  if (typed && searches) return 0;
  return Math.max(0, typed ? typedTo(shown, typed, chosen) : chosen);
}

/** Letters in quick succession are one word. */
function jump(typing: { text: string; at: number }, event: KeyboardEvent, shown: readonly Option[], now: number): number {
  typing.text = event.timeStamp - typing.at < 700 ? typing.text + event.key : event.key;
  typing.at = event.timeStamp;
  const to = typedTo(shown, typing.text, now);
  return to < 0 ? now : to;
}
