import { isGenerating, useLiveJobs, useMonitor, type JobState, type MonitorClient } from "@comfyui-monitor/react";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { useLocation, useSearch } from "wouter";
import { Page } from "../../frame/Page.js";
import { NotifyButton } from "../../notify/NotifyBell.js";
import { isQueueId } from "../../jobs/queueId.js";
import { UnknownJob } from "../../jobs/UnknownJob.js";
import { useKeys } from "../../keys/useKeys.js";
import { useStore } from "../../store.js";
import { tell } from "../../toasts/toasts.js";
import styles from "./Generate.module.css";
import { FormPlace } from "./FormPlace.js";
import { Start } from "./Start.js";
import { useSending } from "./form/Form.js";
import { form, throwDice } from "./form/form.js";
import { send } from "./form/submit.js";
import { ownJobs } from "./session.js";
import { Stage } from "./stage/Stage.js";
import { StageEmpty } from "./stage/StageEmpty.js";
import { useOwn } from "./stage/useOwn.js";
import type { Candidate } from "./stage/which.js";
import { useMedia } from "./useMedia.js";
import { useReading } from "./useReading.js";

/** Make a picture, and see it being made. */
export default function Generate() {
  const [, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const asked = search.get("job") ?? undefined;
  const from = search.get("from") ?? undefined;
  const { loaded } = useStore(form);
  const reading = useReading();
  const isPhone = useMedia("(max-width: 640px)");

  const onLeft = useCallback(({ queueId, state }: Candidate) => {
    const { generation } = state;
    if (generation?.status !== "failed") return;
    const text = generation.error?.message ?? "";
    tell({ tone: "failed", title: `${generation.title} failed`, text, action: { label: "Open", run: () => navigate(`/?job=${queueId}`) } });
  }, [navigate]);
  const { own, shown } = useOwn(asked, onLeft);

  const submit = useSending(useCallback(async (client: MonitorClient) => {
    const queueId = await send(client);
    // What was asked for has been seen; from here on it is this tab's jobs.
    if (queueId !== undefined) navigate("/", { replace: true });
  }, [navigate]));
  const { readJob } = reading;
  useEffect(() => {
    if (from === undefined) return;
    void readJob(from);
    navigate("/", { replace: true });
  }, [from, readJob, navigate]);

  useKeys({
    "$mod+Enter": (event) => {
      event.preventDefault();
      void submit.submit();
    },
    d: () => void throwDice(),
  });

  const hasSeed = loaded?.inputs.some(({ role }) => role === "seed") ?? false;
  const again = submit.submit;
  const onNewSeed = useMemo(() => (hasSeed ? () => throwDice() && void again() : undefined), [hasSeed, again]);
  const title = useJob(shown, ({ generation }) => generation?.title);
  const isInForm = shown !== undefined && ownJobs.get()[0]?.queueId === shown && loaded !== undefined;
  const isKnowable = shown === undefined || isQueueId(shown);
  const stage = shown === undefined ? <StageEmpty /> : !isKnowable ? <UnknownJob /> : <Stage key={shown} queueId={shown} own={own} isInForm={isInForm} onNewSeed={onNewSeed} />;
  return (
    <Page wide title={isPhone && title ? title : "Generate"} actions={isPhone ? undefined : <Figures shown={shown} />}>
      {loaded === undefined && shown === undefined ? <Start reading={reading} /> : (
        <div className={styles.generate}>
          <FormPlace isPhone={isPhone} reading={reading} another={own.some(({ state }) => isGenerating(state))} {...submit} />
          <section className={styles.stage} aria-label="The picture"><div className={styles.inner}>{stage}</div></section>
        </div>
      )}
    </Page>
  );
}

/** What matters of a job here, so that not every step of it is a change of the whole page. */
function useJob<T extends string | boolean | undefined>(queueId: string | undefined, select: (state: JobState) => T): T | undefined {
  const client = useMonitor();
  const job = useMemo(() => (queueId === undefined ? undefined : client.job(queueId)), [client, queueId]);
  return useSyncExternalStore(job?.subscribe ?? never, () => job && select(job.getSnapshot()));
}

const never = () => () => {};

/** In the top bar: how busy the servers are, and the bell of the job on the stage. */
function Figures({ shown }: { shown: string | undefined }) {
  const { jobs } = useLiveJobs();
  const running = jobs.filter(({ status }) => status === "processing").length;
  const waiting = jobs.filter(({ status }) => status === "pending").length;
  const words = [running > 0 && `${running} running`, waiting > 0 && `${waiting} waiting`].filter(Boolean).join(", ");
  const isOver = useJob(shown, (state) => state.generation !== undefined && !isGenerating(state)) ?? false;
  return (
    <>
      {words && <span className={styles.figures}>{words}</span>}
      {!isOver && <NotifyButton queueId={shown} label={shown === undefined ? "Tell me when any is done" : "Tell me when done"} />}
    </>
  );
}
