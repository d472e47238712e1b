import { LivePreview, type Generation, type JobEvent } from "@comfyui-monitor/react";
import { useId, useMemo, useState, type KeyboardEvent, type ReactNode } from "react";
import type { Seed } from "../../jobs/seed.js";
import type { Job } from "./data/useJob.js";
import { GraphFrame } from "./graph/GraphFrame.js";
import styles from "./Panels.module.css";
import { Events } from "./side/Events.js";
import { Facts } from "./side/Facts.js";
import { factsOf } from "./side/facts.js";
import { Outputs } from "./side/Outputs.js";
import { Timeline } from "./timeline/Timeline.js";

export interface PanelsProps {
  job: Job;
  generation: Generation;
  names: ReadonlyMap<string, string>;
  titleOf: (nodeId: string) => string | undefined;
  seed: Seed | undefined;
  events: readonly JobEvent[];
  isOffline: boolean;
  isNarrow: boolean;
}

/** Graph, timeline, outputs, facts and events: side by side, or on a phone one at a time. */
export function Panels({ job, generation, names, titleOf, seed, events, isOffline, isNarrow }: PanelsProps) {
  const { shown, attempt, isNewest, instance, heard, preview, queueId } = job;
  const submitter = useMemo(() => submitterOf(events), [events]);
  const facts = <Facts facts={factsOf({ generation, attempt, instance, seed, submitter, maxRetries: heard.maxRetries, attempts: job.newest.generation?.attempts.length ?? 1 })} />;
  const starts = heard.starts.promptId === generation.promptId ? heard.starts : NO_STARTS;
  const progress = useMemo(() => heard.progress.filter(({ key }) => key.startsWith(generation.promptId)), [heard.progress, generation.promptId]);
  const graph = <GraphFrame queueId={queueId} state={shown} names={names} isNewest={isNewest} isTab={isNarrow} />;
  const timeline = <Timeline state={shown} starts={starts} names={names} isOffline={isOffline} isNarrow={isNarrow} />;
  const outputs = <Outputs state={shown} preview={preview} seed={seed?.value} titleOf={titleOf} facts={facts} hasPicture={isNarrow} />;
  const log = <Events events={events} progress={progress} titleOf={titleOf} isTall={isNarrow} />;
  if (!isNarrow) {
    return (
      <>
        {generation.nodes.length > 0 && graph}
        <div className={styles.columns}>
          {timeline}
          <div className={styles.side}>
            {outputs}
            {log}
          </div>
        </div>
      </>
    );
  }
  const isLive = generation.status === "processing" || generation.status === "pending";
  const picture = (
    <>
      {isLive && <LivePreview state={shown} preview={preview} offline={isOffline} />}
      {outputs}
    </>
  );
  return <Tabs tabs={[["Picture", picture], ["Timeline", timeline], ["Graph", graph], ["Events", log]]} />;
}

const NO_STARTS = { promptId: undefined, at: new Map<string, number>() };

/** Who sent it, where that was another program. */
function submitterOf(events: readonly JobEvent[]): string | undefined {
  const told = events.find(({ detail }) => typeof detail.submitterClientId === "string");
  return told?.detail.submitterClientId as string | undefined;
}

function Tabs({ tabs }: { tabs: readonly (readonly [string, ReactNode])[] }) {
  const [open, setOpen] = useState(0);
  const id = useId();
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const to = (open + by + tabs.length) % tabs.length;
    setOpen(to);
    (event.currentTarget.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <>
      <div role="tablist" aria-label="Parts of the job" className={styles.tabs} onKeyDown={onKeyDown}>
        {tabs.map(([name], at) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}${at}`}
            aria-selected={at === open}
            aria-controls={`${id}panel`}
            tabIndex={at === open ? 0 : -1}
            className={styles.tab}
            onClick={() => setOpen(at)}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}panel`} aria-labelledby={`${id}${open}`} className={styles.panel}>
        {tabs[open]?.[1]}
      </div>
    </>
  );
}
