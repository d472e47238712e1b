import { useMonitor } from "@comfyui-monitor/react";
import { useCallback, useMemo, useState } from "react";
import { useDropped } from "../../drop/dropped.js";
import { tell } from "../../toasts/toasts.js";
import { form, load, type Loaded } from "./form/form.js";
import { newestJob, noWorkflow, ofFile, ofJob, type NoWorkflow } from "./form/reading.js";

export interface Reading {
  /** How many workflows were brought into the form since the page came. */
  taken: number;
  /** What is being read. */
  busy: string | undefined;
  /** Why the last one gave no workflow. */
  problem: NoWorkflow | undefined;
  readFile(file: File): Promise<void>;
  readJob(promptId: string): Promise<void>;
  /** The newest job's inputs; of one server where it is named. */
  readNewest(instanceId?: string): Promise<void>;
}

/** Brings workflows into the form, from wherever they come; the newest wins. */
export function useReading(): Reading {
  const { api } = useMonitor();
  const [busy, setBusy] = useState<string | undefined>();
  const [problem, setProblem] = useState<NoWorkflow | undefined>();
  const [taken, setTaken] = useState(0);

  const read = useCallback(async (name: string, reader: (instanceId: string | undefined) => Promise<Loaded>) => {
    const turn = ++turns;
    setBusy(name);
    setProblem(undefined);
    try {
      const loaded = await reader(form.get().instanceId);
      if (turn !== turns) return;
      replace(loaded);
      setTaken((before) => before + 1);
    } catch (cause) {
      if (turn === turns) fail(noWorkflow(cause), setProblem);
    } finally {
      if (turn === turns) setBusy(undefined);
    }
  }, []);
  const readFile = useCallback((file: File) => read(file.name, (to) => ofFile(api, file, to)), [api, read]);
  const readJob = useCallback((promptId: string) => read("the job's workflow", (to) => ofJob(api, promptId, to)), [api, read]);
  const readNewest = useCallback(
    (instanceId?: string) =>
      read("the newest job", async (to) => {
        const promptId = await newestJob(api, instanceId);
        if (promptId === undefined) throw new Error("No job has run yet: the first one brings its workflow along");
        return ofJob(api, promptId, to);
      }),
    [api, read],
  );
  useDropped(readFile);
  return useMemo(() => ({ busy, problem, taken, readFile, readJob, readNewest }), [busy, problem, taken, readFile, readJob, readNewest]);
}

let turns = 0;

function replace(loaded: Loaded): void {
  const before = form.get().loaded?.name;
  const putBack = load(loaded);
  if (before === undefined) return;
  tell({ tone: "note", title: `${loaded.name} is in the form`, text: `In place of ${before}`, action: { label: "Put back", run: putBack } });
}

/** Where a workflow is in the form it stays, and the complaint passes. */
function fail(problem: NoWorkflow, show: (problem: NoWorkflow) => void): void {
  if (form.get().loaded) tell({ tone: "failed", ...problem });
  else show(problem);
}
