import { useMonitor, type JobState, type MonitorClient } from "@comfyui-monitor/react";
import { useMemo, useSyncExternalStore } from "react";
import { NO_STARTS, withStarts, type Starts } from "../timeline/starts.js";
import { withProgress, type EventLine } from "../side/eventLines.js";

/** What was gathered while this page listened. */
export interface Heard {
  starts: Starts;
  /** Of steps, oldest first. */
  progress: readonly EventLine[];
  /** Retries at most, where that was told. */
  maxRetries: number | undefined;
}

const NOTHING: Heard = { starts: NO_STARTS, progress: [], maxRetries: undefined };

/** Pure. */
export function withHeard(heard: Heard, before: JobState | undefined, state: JobState, now: number): Heard {
  const starts = withStarts(heard.starts, state, now);
  const progress = withProgress(heard.progress, before, state);
  const maxRetries = state.generation?.retry?.maxRetries ?? heard.maxRetries;
  const isSame = starts === heard.starts && progress === heard.progress && maxRetries === heard.maxRetries;
  return isSame ? heard : { starts, progress, maxRetries };
}

/** Listens as long as somebody looks. */
class Listener {
  private heard = NOTHING;
  private before: JobState | undefined;

  constructor(
    private readonly client: MonitorClient,
    private readonly queueId: string,
  ) {}

  readonly getSnapshot = (): Heard => this.heard;

  readonly subscribe = (listener: () => void): (() => void) => {
    const job = this.client.job(this.queueId);
    const hear = () => {
      const state = job.getSnapshot();
      const heard = withHeard(this.heard, this.before, state, Date.now());
      this.before = state;
      if (heard === this.heard) return;
      this.heard = heard;
      listener();
    };
    hear();
    return job.subscribe(hear);
  };
}

export function useHeard(queueId: string): Heard {
  const client = useMonitor();
  const listener = useMemo(() => new Listener(client, queueId), [client, queueId]);
  return useSyncExternalStore(listener.subscribe, listener.getSnapshot, () => NOTHING);
}
