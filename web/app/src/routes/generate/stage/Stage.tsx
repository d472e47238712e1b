import {
  CurrentProcessing, FinishedList, isGenerating, LivePreview, mainOutput, NextList, Overall, RetryBanner, useGeneration, useInstances,
  type Generation,
} from "@comfyui-monitor/react";
import { CircleStop } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { classes } from "../../../classes.js";
import { useConnection } from "../../../connection/useConnection.js";
import { IconButton } from "../../../controls/Button.js";
import { Loading } from "../../../controls/Loading.js";
import { useCurrentJobs } from "../../../jobs/current.js";
import { useJobActions } from "../../../jobs/actions.js";
import { UnknownJob } from "../../../jobs/UnknownJob.js";
import { NotifyBell } from "../../../notify/NotifyBell.js";
import { endingOf } from "../../../jobs/ending/words.js";
import { useMedia } from "../useMedia.js";
import { Done } from "./Done.js";
import { Failed } from "./Failed.js";
import { SessionResults } from "./SessionResults.js";
import styles from "./Stage.module.css";
import { StageEnding } from "./StageEnding.js";
import { StageShapes } from "./StageShapes.js";
import { TitleLine } from "./TitleLine.js";
import { Waiting } from "./Waiting.js";
import { resultsOf, waitingBehind, type Candidate } from "./which.js";

export interface StageProps {
  queueId: string;
  /** Jobs of this tab, newest first. */
  own: readonly Candidate[];
  /** Its inputs are the form's. */
  isInForm: boolean;
  /** Throws the dice and sends the form once more. */
  onNewSeed: (() => void) | undefined;
}

/** One job, live: what it is, how far it is, what it works on, and what it made. */
export function Stage({ queueId, own, isInForm, onNewSeed }: StageProps) {
  const { state, preview } = useGeneration({ queueId, previews: true });
  const { instances } = useInstances();
  const { isOffline } = useConnection();
  const [marked, setMarked] = useState<string | undefined>();
  const [opened, setOpened] = useState<string | undefined>();
  const [, navigate] = useLocation();
  const { cancel, runAgain } = useJobActions();
  const folds = useMedia("(max-width: 1100px)");
  const { generation } = state;
  useCurrentJobs([generation ?? undefined]);

  if (generation === undefined) return <Loading><StageShapes /></Loading>;
  if (generation === null) return isOwn(own, queueId) ? <Loading><StageShapes /></Loading> : <UnknownJob />;
  const instance = instances.find((one) => one.instanceId === generation.instanceId);
  const jobs = isOwn(own, queueId) ? own : [{ queueId, state }, ...own];
  const mark = { marked, onMark: setMarked };
  const isRetried = isGenerating(state) && (generation.retry !== undefined || generation.retryCount > 0);
  const hasFailed = generation.status === "failed" && generation.reason !== "instance_lost";
  const ending = endingOf(state, instance, Date.now());
  const main = mainOutput(generation.outputs);
  const before = resultsOf(own).find(({ output }) => output.kind === "image" && output.status === "stored")?.output;
  return (
    <div className={classes(styles.stage, (isRetried || ending) && styles.told)}>
      <TitleLine generation={generation} instance={instance} behind={waitingBehind(own, queueId)} />
      {isRetried && (
        <div className={styles.banner}>
          <RetryBanner
            generation={generation}
            retried={state.retried}
            onStop={generation.retry && (() => cancel([generation]))}
            onTryNow={generation.retry && (() => runAgain([generation]))}
            onWhatHappened={() => navigate(`/jobs/${queueId}?attempt=${failedAttempt(generation)}`)}
          />
        </div>
      )}
      {ending && <StageEnding ending={ending} state={state} own={own} queueId={queueId} onNewSeed={onNewSeed} />}
      <div className={styles.overall}>
        <Overall state={state} offline={isOffline} {...mark} />
        {isGenerating(state) && <Buttons generation={generation} />}
      </div>
      {hasFailed ? <Failed state={state} instance={instance} {...mark} /> : (
        <>
          <div className={styles.preview}><LivePreview state={state} preview={preview} before={before?.thumbnailUrl ?? before?.url} offline={isOffline} /></div>
          <div className={styles.side}>
            <Waiting state={state} instance={instance} />
            <CurrentProcessing state={state} offline={isOffline} />
            <Done state={state} isInForm={isInForm} onOpen={main && !main.preview ? () => setOpened(main.mediaId) : undefined} />
            <div className={styles.finished}><FinishedList state={state} {...mark} /></div>
            <NextList state={state} folded={folds} {...mark} />
          </div>
        </>
      )}
      <SessionResults jobs={jobs} state={state} preview={preview} opened={opened} onOpen={setOpened} />
    </div>
  );
}

/** The newest attempt that is over. */
function failedAttempt({ attempts }: Generation): number {
  return attempts.findLast(({ status }) => status === "failed")?.number ?? 1;
}

function isOwn(own: readonly Candidate[], queueId: string): boolean {
  return own.some((job) => job.queueId === queueId);
}

/** On a phone, where the title line is at the end: the bell and Cancel. */
function Buttons({ generation }: { generation: Generation }) {
  const { cancel, cancelling } = useJobActions();
  const isCancelling = cancelling.has(generation.queueId);
  return (
    <div className={styles.buttons}>
      <NotifyBell queueId={generation.queueId} bordered />
      <IconButton bordered label={isCancelling ? "Cancelling" : "Cancel"} disabled={isCancelling} icon={<CircleStop aria-hidden="true" />} onClick={() => cancel([generation])} />
    </div>
  );
}
