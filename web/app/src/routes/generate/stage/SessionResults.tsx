import { isGenerating, Lightbox, outputsCounted, Results, useMonitor, type JobState, type Output, type Preview } from "@comfyui-monitor/react";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useStore } from "../../../store.js";
import { seedOf } from "../../../jobs/seed.js";
import { useAnswer } from "../../../jobs/useAnswer.js";
import { ownJobs } from "../session.js";
import styles from "./Stage.module.css";
import { resultsOf, type Candidate } from "./which.js";

export interface SessionResultsProps {
  jobs: readonly Candidate[];
  /** The job on the stage, whose picture is on its way or not. */
  state: JobState | undefined;
  preview: Preview | undefined;
  /** The result that is open. */
  opened: string | undefined;
  onOpen: (mediaId: string | undefined) => void;
}

/** What this tab has made, newest first, and one of it whole. */
export function SessionResults({ jobs, state, preview, opened, onOpen }: SessionResultsProps) {
  const results = useMemo(() => resultsOf(jobs), [jobs]);
  const outputs = useMemo(() => results.map(({ output }) => output), [results]);
  const sent = useStore(ownJobs);
  const pending = state && isGenerating(state) ? state : undefined;
  if (outputs.length === 0 && !pending) return null;
  const jobOf = (output: Output) => {
    const queueId = results.find((result) => result.output.mediaId === output.mediaId)?.queueId;
    return jobs.find((job) => job.queueId === queueId);
  };
  const altOf = (output: Output) => {
    const job = jobOf(output);
    const seed = sent.find(({ queueId }) => queueId === job?.queueId)?.seed;
    return [job?.state.generation?.title, seed !== undefined && `seed ${seed}`].filter(Boolean).join(", ");
  };
  const at = outputs.findIndex(({ mediaId }) => mediaId === opened);
  return (
    <section className={styles.results} aria-label="Results of this session">
      <h3 className={styles.resultsTitle}>
        Results of this session
        {outputs.length > 0 && <span>{outputsCounted(outputs)}</span>}
      </h3>
      <Results outputs={outputs} pending={pending} preview={preview} title="" altOf={altOf} onOpen={(index) => onOpen(outputs[index]?.mediaId)} />
      {at >= 0 && <OpenResult outputs={outputs} index={at} job={jobOf(outputs[at] as Output)} onOpen={onOpen} />}
    </section>
  );
}

interface OpenResultProps {
  outputs: Output[];
  index: number;
  job: Candidate | undefined;
  onOpen: (mediaId: string | undefined) => void;
}

/** The lightbox; the seed of a job that was not sent from here is asked for. */
function OpenResult({ outputs, index, job, onOpen }: OpenResultProps) {
  const client = useMonitor();
  const [, navigate] = useLocation();
  const generation = job?.state.generation;
  const own = useStore(ownJobs).find(({ queueId }) => queueId === job?.queueId)?.seed;
  const asks = generation && own === undefined ? generation.promptId : undefined;
  const graph = useAnswer(asks, () => client.api.jobWorkflow(asks ?? "")).value;
  const seed = own ?? (graph && seedOf(graph, generation?.nodes ?? [])?.value);
  return (
    <Lightbox
      outputs={outputs}
      index={index}
      onIndex={(at) => onOpen(at === undefined ? undefined : outputs[at]?.mediaId)}
      title={generation?.title ?? ""}
      seed={seed}
      nodeTitle={(nodeId) => generation?.nodes.find((node) => node.nodeId === nodeId)?.title}
      onUseInputs={generation ? () => (onOpen(undefined), navigate(`/?from=${encodeURIComponent(generation.promptId)}`)) : undefined}
    />
  );
}
