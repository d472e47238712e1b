import { clock, count, wholePercent, type Instance, type Summary } from "@comfyui-monitor/react";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { useNow } from "../../time/useNow.js";
import styles from "./Card.module.css";
import { Connection } from "./Connection.js";
import { isAnswering } from "./connection.js";
import { deviceNames, hasGpu } from "../../instances/device.js";
import { Memory } from "./Memory.js";
import { lastOutage, outageWords, type Outage } from "./outages.js";
import { Queue } from "./Queue.js";
import { Running } from "./Running.js";
import { workOf } from "./runs.js";
import { Still } from "./Still.js";
import { useOutages } from "./useOutages.js";

export interface CardProps {
  instance: Instance;
  jobs: readonly Summary[];
  /** What the whole track of its queue stands for (ms). */
  scaleMs: number;
  takesNext: boolean;
  /** A link leads here. */
  meant: boolean;
}

/** One ComfyUI server: how it is connected, what it does, and what is to come. */
export function Card({ instance, jobs, scaleMs, takesNext, meant }: CardProps) {
  const card = useRef<HTMLElement>(null);
  const outages = useOutages(instance);
  const answering = isAnswering(instance);
  const { running, unknown, last } = workOf(instance, jobs);
  const [first] = running;
  const more = running.length + unknown.length - 1;
  const about = [deviceNames(instance.devices), instance.comfyuiVersion && `ComfyUI ${instance.comfyuiVersion}`].filter(Boolean);
  useEffect(() => {
    if (!meant) return;
    card.current?.scrollIntoView({ block: "nearest" });
    card.current?.focus({ preventScroll: true });
  }, [meant]);
  return (
    <article ref={card} className={styles.card} aria-label={instance.name} tabIndex={-1} data-meant={meant || undefined} data-away={!answering || undefined}>
      <header className={styles.head}>
        <div className={styles.names}>
          <h2 title={instance.name}>{instance.name}</h2>
          <p title={instance.devices.map(({ name }) => name).join(", ")}>{about.join(" · ") || "ComfyUI"}</p>
        </div>
        <Connection instance={instance} outages={outages} />
      </header>
      <section aria-label="Running" className={styles.work}>
        {answering && first ? (
          <Running job={first} />
        ) : answering && unknown[0] !== undefined ? (
          <Unknown promptId={unknown[0]} />
        ) : (
          <Still instance={instance} before={running} last={last} />
        )}
        {answering && more > 0 && <Link href={`/jobs?instance=${encodeURIComponent(instance.instanceId)}`}>{`${count(more)} more at once`}</Link>}
      </section>
      <Queue instance={instance} jobs={jobs} scaleMs={scaleMs} takesNext={takesNext} />
      {hasGpu(instance) ? <Memory instance={instance} otherwise={<TimesAway outages={outages} />} /> : <TimesAway outages={outages} />}
      <Today instance={instance} outages={hasGpu(instance) ? outages : []} />
    </article>
  );
}

function Unknown({ promptId }: { promptId: string }) {
  return (
    <Link href={`/jobs/${encodeURIComponent(promptId)}`} className={styles.unknown}>
      A job of another client
    </Link>
  );
}

function Today({ instance, outages }: { instance: Instance; outages: Outage[] }) {
  const { done, failed, busyPercentage } = instance.today;
  const now = useNow(60_000);
  const away = lastOutage(outages, now);
  const whole = outages.find(({ to }) => to !== undefined);
  return (
    <footer className={styles.today}>
      <span><b>{count(done)}</b> done today</span>
      <span><b>{count(failed)}</b> failed</span>
      {away && <span className={styles.away} title={whole && `Away ${outageWords(whole, now)}${whole.reason ? `, ${whole.reason}` : ""}`}>{away}</span>}
      <span className={styles.busy}><b>{wholePercent(busyPercentage)}%</b> busy</span>
    </footer>
  );
}

/** In the room that a card without a GPU has. */
function TimesAway({ outages }: { outages: Outage[] }) {
  const now = useNow(60_000);
  if (outages.length === 0) return null;
  return (
    <section className={styles.outages}>
      <div className={styles.figures}>
        <h3>Away</h3>
        <span>the last times</span>
      </div>
      <ul>
        {outages.slice(0, 3).map((outage) => (
          <li key={outage.from}>
            <time dateTime={new Date(outage.from).toISOString()} title={clock(outage.from, now)}>{outageWords(outage, now)}</time>
            {outage.reason && <span title={outage.reason}>{outage.reason}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
