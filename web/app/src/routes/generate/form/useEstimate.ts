import { useInstances, useMonitor, type Workflow } from "@comfyui-monitor/react";
import { useEffect, useRef } from "react";
import { useStore } from "../../../store.js";
import { estimate, form, renew, type FormState } from "./form.js";
import { overridesOf } from "./values.js";

/** After the last key, and after the last change of the queues. */
const SETTLED_MS = 900;
/** While something runs before it: a wait passes. */
const AGAIN_MS = 10_000;
/** A graph that large is not sent again for an estimate alone. */
const MOST_INPUTS = 400;

/** The graph as it would be sent. */
export function applied({ loaded, drafts }: FormState): Workflow {
  const workflow: Workflow = { ...loaded?.workflow };
  for (const [nodeId, inputs] of Object.entries(overridesOf(loaded?.inputs ?? [], drafts))) {
    const node = workflow[nodeId] as { inputs?: object };
    workflow[nodeId] = { ...node, inputs: { ...node.inputs, ...inputs } };
  }
  return workflow;
}

/** Keeps current how long the form would take and where, and what the chosen server offers. */
export function useEstimate(): void {
  const client = useMonitor();
  const { instances } = useInstances();
  const { loaded, drafts, instanceId } = useStore(form);
  const workflow = loaded?.workflow;
  const queues = instances.map((one) => `${one.instanceId} ${one.state} ${one.queueRemaining} ${one.waiting.length}`).join();
  const last = useRef({ workflow, instanceId });
  useEffect(() => {
    if (!workflow) return;
    const isElsewhere = last.current.workflow === workflow && last.current.instanceId !== instanceId;
    let over = false;
    let timer: ReturnType<typeof setTimeout>;
    const askIn = (ms: number, anew: boolean) => {
      timer = setTimeout(async () => {
        const state = form.get();
        if (!anew && (state.loaded?.inputs.length ?? 0) > MOST_INPUTS) return;
        last.current = { workflow, instanceId };
        try {
          const fresh = await client.api.workflow(anew ? workflow : applied(state), instanceId);
          // Meanwhile there may be another workflow in the form.
          if (form.get().loaded?.workflow !== workflow) return;
          if (anew) renew({ ...fresh, workflow });
          else estimate(fresh);
        } catch {
          // What was known last stays.
        }
        if (!over && form.get().loaded?.estimatedWaitTime) askIn(AGAIN_MS, false);
      }, ms);
    };
    askIn(isElsewhere ? 0 : SETTLED_MS, isElsewhere);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [client, workflow, drafts, instanceId, queues]);
}
