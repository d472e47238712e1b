"use client";
import { useState } from "react";
import { Problem } from "../core/problem.js";
import { useMonitor } from "../hooks/context.js";
import { useAsk } from "../hooks/useAsk.js";
import { useGeneration } from "../hooks/useGeneration.js";
import { useOffline } from "../hooks/useOffline.js";
import type { NodeError, Overrides, Suggestion, Workflow } from "../types/index.js";
import { isAllCached, seedOf, withNewSeed } from "../words/index.js";
import { Action } from "./Action.js";
import { Announcer } from "./Announcer.js";
import { ErrorCard } from "./ErrorCard.js";
import { GenerationView, type GenerationActions } from "./GenerationView.js";

export interface GenerateClientProps {
  /** What the button submits; without it the component only watches `queueId`. */
  workflow?: Workflow | undefined;
  overrides?: Overrides | undefined;
  /** A generation to follow from the start. */
  queueId?: string | undefined;
  title?: string | undefined;
  /** Live previews; on unless told. */
  previews?: boolean;
  className?: string;
  onSubmitted?: (queueId: string) => void;
}

/**
 * One generation, whole: button, strip, panel, preview, retries, errors, results.
 *
 * @example
 * <GenerateClient workflow={workflow} title="Lighthouse at dusk" />
 */
export function GenerateClient({ workflow, overrides, queueId: given, title, previews = true, className = "", onSubmitted }: GenerateClientProps) {
  const { api } = useMonitor();
  const job = useGeneration({ previews, ...(given !== undefined && { queueId: given }) });
  const { state, queueId, error } = job;
  const offline = useOffline(job.connection.state) && queueId !== undefined;
  const { asking, problem, ask } = useAsk();
  const [refused, setRefused] = useState<NodeError[]>([]);
  // What was sent, for its seed: the inputs may be edited while it runs.
  const [sent, setSent] = useState<{ queueId: string; overrides: Overrides | undefined; workflow: Workflow } | undefined>();
  const sentHere = sent?.queueId === queueId ? sent : undefined;
  const seed = sentHere && seedOf(sentHere.workflow, sentHere.overrides);
  const isRefusal = error !== undefined && error !== state.generation?.error;

  const submit = (more: Overrides | undefined) =>
    ask("submit", async () => {
      if (!workflow) return;
      setRefused([]);
      try {
        const id = await job.generateImages(workflow, more, title === undefined ? {} : { title });
        setSent({ queueId: id, overrides: more, workflow });
        onSubmitted?.(id);
      } catch (cause) {
        // The hook tells of it as `error`.
        setRefused(cause instanceof Problem ? cause.nodeErrors : []);
      }
    });
  const again = (changes: { overrides?: Overrides; instanceId?: string }) =>
    ask("again", async () => queueId !== undefined && api.retry(queueId, changes));
  const actions: GenerationActions = {
    asking,
    cancel: () => ask("cancel", job.cancel),
    tryNow: () => ask("again", () => job.retryNow()),
    runAgain: () => again({}),
    take: (suggestion: Suggestion) => again(asked(suggestion)),
    newSeed: workflow && seed && state.generation && isAllCached(state.generation) ? () => submit(withNewSeed(seed, overrides)) : undefined,
  };
  const isSending = asking === "submit";
  return (
    <div className={`cm-generate ${className}`}>
      <div className="cm-generate__inner">
        {queueId !== undefined && (
          <GenerationView state={state} preview={job.preview} connection={job.connection} offline={offline} seed={seed?.value} actions={actions} />
        )}
        {isRefusal && <ErrorCard error={error} nodeErrors={refused} />}
        {problem !== undefined && (
          <p className="cm-generate__problem" role="alert">
            {problem}
          </p>
        )}
        {workflow ? (
          <Action variant="primary" className="cm-generate__submit" disabled={isSending} aria-busy={isSending} onClick={() => submit(overrides)}>
            {isSending ? "Sending" : job.isGenerating ? "Generate another" : "Generate"}
          </Action>
        ) : (
          queueId === undefined && <p className="cm-generate__nothing">Nothing to show yet</p>
        )}
        <Announcer state={state} />
      </div>
    </div>
  );
}

function asked({ instanceId, overrides }: Suggestion): { overrides?: Overrides; instanceId?: string } {
  return { ...(instanceId !== undefined && { instanceId }), ...(overrides != null && { overrides: overrides as Overrides }) };
}
