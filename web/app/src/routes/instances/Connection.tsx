import type { Instance } from "@comfyui-monitor/react";
import { useId, useRef, useState, type FocusEvent, type KeyboardEvent } from "react";
import { ConnectionGlyph } from "../../connection/ConnectionGlyph.js";
import { useNow } from "../../time/useNow.js";
import styles from "./Connection.module.css";
import { connectionStory, connectionWords, type ConnectionSign } from "./connection.js";
import { addressOf } from "../../instances/device.js";
import { outageWords, type Outage } from "./outages.js";

export interface ConnectionProps {
  instance: Instance;
  outages: Outage[];
}

/** The connection as a chip; it opens to since when, why, and when the instance was away before. */
export function Connection({ instance, outages }: ConnectionProps) {
  const now = useNow();
  const [open, setOpen] = useState(false);
  const chip = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { sign, word, detail } = connectionWords(instance, now);
  const left = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) setOpen(false);
  };
  const escaped = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
    chip.current?.focus();
  };
  return (
    <div className={styles.connection} onBlur={left} onKeyDown={escaped}>
      <button
        ref={chip}
        type="button"
        className={styles.chip}
        aria-expanded={open}
        aria-controls={id}
        title={connectionStory(instance, now)}
        onClick={() => setOpen(!open)}
      >
        <Sign sign={sign} />
        <span className={styles.word}>{word}</span>
        {detail && <span className={styles.detail}>{detail}</span>}
      </button>
      <div id={id} className={styles.story} hidden={!open} tabIndex={-1}>
        <p>{connectionStory(instance, now)}</p>
        <p className={styles.address}>{addressOf(instance.url)}</p>
        <h3>{outages.length > 0 ? "Last times away" : "Not away before"}</h3>
        {outages.length > 0 && (
          <ul>
            {outages.map((outage) => (
              <li key={outage.from}>
                <span title={new Date(outage.from).toISOString()}>{outageWords(outage, now)}</span>
                {outage.reason && <span className={styles.reason}>{outage.reason}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

/** Asked every now and then: a dot in a ring. The others are those of the page's own connection. */
function Sign({ sign }: { sign: ConnectionSign }) {
  if (sign !== "polling") return <ConnectionGlyph kind={sign} />;
  return (
    <svg className={styles.polling} width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <circle cx="6" cy="6" r="1.8" fill="currentColor" />
      <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.4" />
    </svg>
  );
}
