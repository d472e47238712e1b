import { Overall, RetryBanner, type Generation } from "@comfyui-monitor/react";
import { ChevronRight } from "lucide-react";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useConnection } from "../../connection/useConnection.js";
import { Button } from "../../controls/Button.js";
import { CopyButton } from "../../controls/CopyButton.js";
import { Page } from "../../frame/Page.js";
import { useJobActions } from "../../jobs/actions.js";
import { useCurrentJobs } from "../../jobs/current.js";
import { useKeys } from "../../keys/useKeys.js";
import { useNow } from "../../time/useNow.js";
import { Attempts } from "./Attempts.js";
import { Marks, MarksProvider, useMarked, useMarks } from "./data/marked.js";
import { newSeed, type Seed } from "../../jobs/seed.js";
import { useEvents } from "./data/useEvents.js";
import type { Job } from "./data/useJob.js";
import { useNames } from "./data/useNames.js";
import { useNarrow } from "./data/useNarrow.js";
import { useSeed } from "./data/useSeed.js";
import { EndingCard } from "../../jobs/ending/EndingCard.js";
import { endingOf, type Ending } from "../../jobs/ending/words.js";
import { Failed } from "./failed/Failed.js";
import { stepThrough } from "./graph/walk.js";
import styles from "./JobPage.module.css";
import { MessageChip } from "./MessageChip.js";
import { Panels } from "./Panels.js";
import { TopActions } from "./TopActions.js";

export interface JobPageProps {
  job: Job;
  /** Both known. */
  generation: Generation;
}

/** A job that is known: what it says, its graph, its course in time, what came of it. */
export function JobPage({ job, generation }: JobPageProps) {
  const [marks] = useState(() => new Marks());
  useEffect(() => marks.stand(undefined), [marks, job.queueId]);
  return (
    <MarksProvider value={marks}>
      <Content job={job} generation={generation} />
    </MarksProvider>
  );
}

function Content({ job, generation }: JobPageProps) {
  const { queueId, newest, shown, attempt, isNewest, instance } = job;
  const { isOffline } = useConnection();
  const now = useNow();
  const marks = useMarks();
  const whole = newest.generation ?? generation;
  const { names, titleOf } = useNames(generation.nodes);
  const seed = useSeed(generation.promptId, generation.nodes);
  const events = useEvents(generation.promptId, shown);
  const ending = endingOf(shown, instance, now);
  const hasFailed = generation.status === "failed" && !(ending && whole.attempts.length < 2);
  const stand = (by: 1 | -1) => marks.stand(stepThrough(generation.nodes, marks.getCurrent(), by));
  useKeys({ j: () => stand(1), k: () => stand(-1) });
  useCurrentJobs([whole]);
  const parts = { job, generation, names, titleOf, seed, events, isOffline, isNarrow: useNarrow() };
  return (
    <Page title={whole.title} crumbs={<Crumbs generation={whole} />} actions={<TopActions generation={whole} promptId={generation.promptId} hasOffers={isNewest && (hasFailed || ending?.action === "again")} />}>
      <div className={styles.page}>
        <Attempts generation={whole} attempt={attempt} />
        {isNewest && <Retrying job={job} generation={generation} />}
        {ending && <EndingCard ending={ending}>{isNewest && <Way ending={ending} generation={generation} seed={seed} />}</EndingCard>}
        {hasFailed ? <Failed job={job} generation={generation} names={names} titleOf={titleOf} isLost={ending !== undefined} /> : <Sum job={job} isOffline={isOffline} hasEnding={ending !== undefined} />}
        <Panels key={`${queueId} ${attempt}`} {...parts} />
      </div>
    </Page>
  );
}

function Crumbs({ generation: { title, queueId } }: { generation: Generation }) {
  return (
    <>
      <Link href="/jobs" className={styles.up}>Jobs</Link>
      <ChevronRight className={styles.sep} aria-hidden="true" />
      <h1 className={styles.title} title={title}>{title}</h1>
      <span className={styles.id}>
        <code title={queueId}>{queueId.slice(0, 8)}</code>
        <CopyButton text={queueId} label="Copy the job's id" />
      </span>
    </>
  );
}

/** Percent, time left, the strip, and the sentence. */
function Sum({ job: { shown, isNewest }, isOffline, hasEnding }: { job: Job; isOffline: boolean; hasEnding: boolean }) {
  const marks = useMarks();
  const marked = useMarked();
  // What waits says its place in line already.
  const chip = hasEnding || shown.generation?.status === "pending" ? undefined : <MessageChip state={shown} isOffline={isOffline} />;
  return <Overall state={shown} offline={isOffline && isNewest} aside={chip} marked={marked} onMark={marks.mark} />;
}

function Retrying({ job, generation }: { job: Job; generation: Generation }) {
  const { cancel, runAgain } = useJobActions();
  const [, navigate] = useLocation();
  const before = generation.attempts.at(generation.retry ? -1 : -2)?.number;
  return (
    <RetryBanner
      generation={generation}
      retried={job.newest.retried}
      onStop={() => cancel([generation])}
      onTryNow={() => runAgain([generation])}
      onWhatHappened={before === undefined ? undefined : () => navigate(`/jobs/${job.queueId}?attempt=${before}`)}
    />
  );
}

/** What to do about an ending. */
function Way({ ending, generation, seed }: { ending: Ending; generation: Generation; seed: Seed | undefined }): ReactNode {
  const { cancel, runAgain, cancelling } = useJobActions();
  const isCancelling = cancelling.has(generation.queueId);
  const overrides = useMemo(() => seed && { [seed.nodeId]: { [seed.input]: newSeed() } }, [seed]);
  if (ending.action === "cancel") {
    return <Button disabled={isCancelling} onClick={() => cancel([generation])}>{isCancelling ? "Cancelling" : "Cancel"}</Button>;
  }
  if (ending.action === "seed" && overrides) return <Button onClick={() => runAgain([generation], { overrides })}>New seed</Button>;
  const isBest = ending.state === "lost";
  return <Button variant={isBest ? "primary" : "secondary"} onClick={() => runAgain([generation])}>Run again</Button>;
}
