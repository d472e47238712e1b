import {
  currentNode, isEnded, isGenerating, jobSentence, LivePreview, overallWords, RunStrip, shownState, stepsDone, stripOf, useGeneration, useSteadyText, wholePercent,
  type JobState,
} from "@comfyui-monitor/react";
import { useEffect } from "react";
import { Link, useLocation, useParams } from "wouter";
import { useConnection } from "../../connection/useConnection.js";
import { useCurrentJobs } from "../../jobs/current.js";
import { followed, isQueueId } from "../../jobs/queueId.js";
import { UnknownJob } from "../../jobs/UnknownJob.js";
import { NotifyButton } from "../../notify/NotifyBell.js";
import { pageTitle } from "../../tab/tab.js";
import { useNow } from "../../time/useNow.js";
import styles from "./Focus.module.css";

/** For the one who waits: the picture, how far it is, and nothing else. */
export default function Focus() {
  const { queueId = "" } = useParams<{ queueId: string }>();
  const { state, preview } = useGeneration({ ...followed(queueId), previews: true });
  const { isOffline } = useConnection();
  const { generation } = state;
  useCurrentJobs([generation ?? undefined]);
  useEscape();
  const title = generation?.title ?? "";
  useEffect(() => {
    pageTitle.set(title);
    return () => pageTitle.set("");
  }, [title]);

  if (generation === null || !isQueueId(queueId)) return <div className={styles.unknown}><UnknownJob /></div>;
  if (!generation) return null;
  return (
    <div className={styles.focus}>
      <h1 className="visually-hidden">{title}</h1>
      <div className={styles.picture}><LivePreview state={state} preview={preview} offline={isOffline} /></div>
      <div className={styles.side}>
        <Progress state={state} isOffline={isOffline} />
        <div className={styles.actions}>
          {isEnded(generation) ? <Link className={styles.link} href={`/jobs/${queueId}`}>What was made</Link> : <NotifyButton queueId={queueId} label="Tell me when it is ready" />}
        </div>
      </div>
    </div>
  );
}

function Progress({ state, isOffline }: { state: JobState; isOffline: boolean }) {
  const { generation } = state;
  const time = useNow();
  const now = isOffline ? state.heardAt : Math.max(time, state.heardAt);
  const left = useSteadyText(overallWords(state, now).headline, now, `${generation?.queueId} ${generation?.status}`);
  if (!generation) return null;
  const node = currentNode(state);
  const nodeWords = node ? [node.currentNode, stepsDone(node)].filter(Boolean).join(", ") : (generation.error?.message ?? generation.message ?? "");
  const isWaiting = generation.status === "pending" && !generation.retry;
  return (
    <>
      {!isWaiting && (
        <p className={styles.percent}>
          {wholePercent(generation.overallPercentage)}<span className={styles.sign}>%</span>
        </p>
      )}
      <p className={styles.left}>{left}</p>
      <p className={styles.node} title={nodeWords}>{nodeWords}</p>
      <RunStrip
        segments={stripOf(state)}
        percentage={generation.overallPercentage}
        state={stripState(state)}
        height={6}
        label={jobSentence(state)}
      />
    </>
  );
}

function stripState(state: JobState) {
  const { generation } = state;
  if (!generation) return "waiting";
  const shown = shownState(generation);
  if (shown === "failed" || shown === "lost") return "failed";
  if (!isGenerating(state)) return "ended";
  if (shown === "stalled") return "stalled";
  if (generation.retry) return "retrying";
  return shown === "queued" ? "waiting" : "running";
}

/** Escape goes back to where one came from; to the job where the page began here. */
function useEscape(): void {
  const { queueId = "" } = useParams<{ queueId: string }>();
  const [, navigate] = useLocation();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (beganHere()) navigate(`/jobs/${queueId}`, { replace: true });
      else history.back();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [queueId, navigate]);
}

/** Whether the document was opened at this address: what lies before it is not ours. */
function beganHere(): boolean {
  const [opened] = performance.getEntriesByType("navigation");
  return opened !== undefined && new URL(opened.name, location.href).pathname === location.pathname;
}
