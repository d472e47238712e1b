"use client";
import { useState, type ReactNode } from "react";
import type { Preview } from "../core/frames.js";
import { isEnded } from "../core/order.js";
import type { JobState } from "../core/reducer.js";
import type { Connection } from "../core/socket.js";
import type { Generation, Output, Suggestion } from "../types/index.js";
import { mainOutput, nodeNames, noticeOf, outputsCounted, shownState, stateWord } from "../words/index.js";
import { Action } from "./Action.js";
import { CurrentProcessing } from "./CurrentProcessing.js";
import { ErrorCard } from "./ErrorCard.js";
import { FinishedList } from "./FinishedList.js";
import { JobNotice, Suggestions } from "./JobNotice.js";
import { Lightbox } from "./Lightbox.js";
import { LivePreview } from "./LivePreview.js";
import { NextList } from "./NextList.js";
import { OfflineNotice } from "./OfflineNotice.js";
import { Overall } from "./Overall.js";
import { Results } from "./Results.js";
import { RetryBanner } from "./RetryBanner.js";
import { StateGlyph } from "./StateGlyph.js";

/** What its buttons do. */
export interface GenerationActions {
  /** What is being asked of the monitor now. */
  asking: string | undefined;
  cancel: () => void;
  tryNow: () => void;
  runAgain: () => void;
  take: (suggestion: Suggestion) => void;
  /** Where it makes sense. */
  newSeed: (() => void) | undefined;
}

export interface GenerationViewProps {
  state: JobState;
  preview: Preview | undefined;
  connection: Connection;
  offline: boolean;
  seed: string | undefined;
  actions: GenerationActions;
}

/** One generation in every state it can be in. */
export function GenerationView(props: GenerationViewProps) {
  const { state, connection, offline } = props;
  const { generation } = state;
  return (
    <>
      {offline && <OfflineNotice connection={connection} asOf={generation ? state.heardAt : undefined} />}
      {generation ? <Known {...props} generation={generation} /> : <Unknown isAbsent={generation === null} />}
    </>
  );
}

function Known({ state, preview, offline, seed, actions, generation }: GenerationViewProps & { generation: Generation }) {
  const [marked, onMark] = useState<string | undefined>();
  const [open, setOpen] = useState<number | undefined>();
  const [why, setWhy] = useState(false);
  const { status, title, error, retry, attempts, message } = generation;
  const ended = isEnded(generation);
  const notice = noticeOf(state);
  const outputs = resultsOf(generation.outputs);
  const names = nodeNames(generation.nodes);
  const before = useLastResult(generation);
  const earlier = attempts.findLast((attempt) => attempt.error !== undefined)?.error ?? retry?.error;
  const linked = { marked, onMark };
  return (
    <>
      <Head generation={generation}>
        {!ended && !retry && (
          <Action disabled={actions.asking === "cancel"} onClick={actions.cancel}>
            {actions.asking === "cancel" ? "Cancelling" : "Cancel"}
          </Action>
        )}
      </Head>
      {notice && (
        <JobNotice notice={notice}>
          {actions.newSeed && <Action onClick={actions.newSeed}>New seed</Action>}
          {ended && status !== "completed" && <Action onClick={actions.runAgain}>Run again</Action>}
        </JobNotice>
      )}
      <RetryBanner
        generation={generation}
        retried={state.retried}
        onTryNow={retry && actions.tryNow}
        onStop={retry && actions.cancel}
        onWhatHappened={earlier && (() => setWhy(!why))}
      />
      {why && earlier && !ended && <ErrorCard error={earlier} generation={generation} />}
      {status === "failed" && <Suggestions suggestions={generation.suggestions ?? []} onTake={actions.take} />}
      {error && status === "failed" && <ErrorCard error={error} generation={generation} />}
      <Overall state={state} offline={offline} {...linked} />
      <div className="cm-generate__columns">
        <LivePreview state={state} preview={preview} before={before} offline={offline} />
        <div className="cm-generate__side">
          <CurrentProcessing state={state} offline={offline} />
          {ended && !notice && message !== undefined && <p className="cm-generate__message">{message}</p>}
          <FinishedList state={state} {...linked} />
          <NextList state={state} {...linked} />
        </div>
      </div>
      {outputs.length > 0 && (
        <section className="cm-generate__results" aria-label="Results">
          <h3 className="cm-rows__title">
            Results <span className="cm-rows__count">{outputsCounted(outputs)}</span>
          </h3>
          <Results outputs={outputs} title={title} seed={seed} onOpen={setOpen} />
        </section>
      )}
      <Lightbox outputs={outputs} index={open} onIndex={setOpen} title={title} seed={seed} nodeTitle={(id) => names.get(id)} />
    </>
  );
}

function Head({ generation, children }: { generation: Generation; children: ReactNode }) {
  const { title, instanceId, promptId, overallPercentage } = generation;
  const shown = shownState(generation);
  const about = [instanceId, promptId.slice(0, 8)].filter((part) => part !== "").join(" · ");
  return (
    <header className="cm-generate__head">
      <StateGlyph state={shown} size={18} percentage={overallPercentage} label={stateWord(shown)} />
      <div className="cm-generate__names">
        <h2 className="cm-generate__title" title={title}>
          {title}
        </h2>
        <span className="cm-generate__about" title={promptId}>
          {about}
        </span>
      </div>
      {children}
    </header>
  );
}

function Unknown({ isAbsent }: { isAbsent: boolean }) {
  if (!isAbsent) return <div className="cm-generate__loading" role="status" aria-label="Loading" />;
  return (
    <div className="cm-generate__absent">
      <p className="cm-notice__title">No job with this id</p>
      <p className="cm-notice__detail">It may be older than what is kept</p>
    </div>
  );
}

/** Temp files are no results where there are others. */
function resultsOf(outputs: Output[]): Output[] {
  const results = outputs.filter((output) => !output.preview);
  return results.length > 0 ? results : outputs;
}

/** The picture of the job before this one, behind what has no preview yet. */
function useLastResult(generation: Generation): string | undefined {
  const result = generation.status === "completed" ? mainOutput(generation.outputs) : undefined;
  const url = result?.kind === "image" ? (result.thumbnailUrl ?? result.url) : undefined;
  const [held, hold] = useState({ of: generation.queueId, url, before: undefined as string | undefined });
  if (held.of !== generation.queueId) hold({ of: generation.queueId, url, before: held.url ?? held.before });
  else if (held.url !== url && url !== undefined) hold({ ...held, url });
  return held.of === generation.queueId ? held.before : (held.url ?? held.before);
}
