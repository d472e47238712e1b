"use client";
import { useState } from "react";
import type { JobState } from "../core/reducer.js";
import { currentNode } from "../core/select.js";
import { useNow } from "../hooks/useNow.js";
import type { Generation, ProgressData } from "../types/index.js";
import { duration, ghostOf, nodeNames, percent, perStep, roughly, stepsDone, verbOf } from "../words/index.js";
import { NodeTile } from "./NodeTile.js";
import { Pulse } from "./Pulse.js";
import { RunningLanes } from "./RunningLanes.js";
import { StateChip } from "./StateChip.js";
import { StepBar } from "./StepBar.js";

export interface CurrentProcessingProps {
  state: JobState;
  /** What is shown is of an earlier moment: there is no connection. */
  offline?: boolean;
}

/** The panel of the node that runs: name, state, pulse, steps, message; other running nodes as lanes. */
export function CurrentProcessing({ state, offline = false }: CurrentProcessingProps) {
  const { generation } = state;
  const isOn = generation?.status === "processing";
  const time = useNow(500, isOn && !offline);
  const passed = offline ? 0 : Math.max(0, time - state.heardAt);
  const last = useLast(currentNode(state), isOn ? generation?.promptId : undefined);
  if (!isOn || !generation) return null;
  const current = currentNode(state);
  const stalled = generation.stalledSince !== undefined;
  const names = nodeNames(generation.nodes);
  const others = state.running.filter((node) => node !== current);
  return (
    <section className={`cm-current${stalled ? " cm-silent" : ""}${offline ? " cm-offline" : ""}`} aria-label="Currently Processing">
      <header className="cm-current__head">
        <Pulse size={12} />
        <span className="cm-current__label">Currently Processing</span>
        <StateChip state={stalled ? "stalled" : "running"} {...(current?.percentage !== undefined && { percentage: current.percentage })} />
      </header>
      {current ? (
        <Running generation={generation} node={current} passed={passed} />
      ) : (
        <Between message={generation.message} before={last} />
      )}
      {others.length > 0 && <RunningLanes nodes={others} names={names} expected={expectedOf(generation)} passed={passed} />}
    </section>
  );
}

function Running({ generation, node, passed }: { generation: Generation; node: ProgressData; passed: number }) {
  const { nodeId, currentNode: name, kind, value, max, percentage, elapsedMs } = node;
  const isStepped = value !== undefined && max !== undefined;
  const expectedMs = expectedOf(generation).get(nodeId);
  const atStep = useAtStep(`${generation.promptId} ${nodeId} ${value}`, elapsedMs);
  const pace = value !== undefined && value >= 2 && atStep > 0 ? perStep(atStep / value) : undefined;
  const usually = expectedMs === undefined ? undefined : `usually ${roughly(expectedMs)}`;
  const soFar = elapsedMs + passed;
  const facts = [pace, `${duration(soFar)} in this node`].filter((fact) => fact !== undefined);
  return (
    <>
      <Identity name={name} place={placeOf(generation, node)} kind={kind} />
      <div className="cm-current__steps">
        <span className="cm-current__count">{stepsDone(node) ?? verbOf(node.message)}</span>
        <span className={isStepped ? "cm-current__share" : "cm-current__usually"}>
          {isStepped && percentage !== undefined ? percent(percentage) : usually}
        </span>
      </div>
      <StepBar
        key={`${generation.promptId} ${nodeId}`}
        value={value}
        max={max}
        elapsedMs={soFar}
        expectedMs={expectedMs}
        ghost={ghostOf(generation, nodeId, max)}
        label={name}
      />
      <p className="cm-current__message">{generation.message ?? node.message}</p>
      <p className="cm-current__facts">{facts.join(" · ")}</p>
    </>
  );
}

/** Nothing runs: it has not begun, one node is over and the next has not begun, or files are on their way. */
function Between({ message, before }: { message: string | undefined; before: ProgressData | undefined }) {
  const said = message ?? before?.message;
  return (
    <>
      <Identity name={before?.currentNode ?? "Getting ready"} place="" kind={before?.kind ?? "other"} />
      {said !== undefined && <p className="cm-current__message">{said}</p>}
    </>
  );
}

function Identity({ name, place, kind }: { name: string; place: string; kind: ProgressData["kind"] }) {
  return (
    <div className="cm-current__node">
      <NodeTile kind={kind} size={44} />
      <div className="cm-current__names">
        <h3 className="cm-current__name" title={name}>
          {name}
        </h3>
        <span className="cm-current__place" title={place}>
          {place}
        </span>
      </div>
    </div>
  );
}

/** "KSampler, node 3"; a child of an expanded node has no class, and says where it is shown. */
function placeOf({ nodes }: Generation, { nodeId, parentNodeId }: ProgressData): string {
  const classType = nodes.find((node) => node.nodeId === nodeId)?.classType;
  const parent = parentNodeId === undefined ? undefined : nodes.find((node) => node.nodeId === parentNodeId)?.title;
  const within = parent === undefined ? undefined : `in ${parent}`;
  return [classType, `node ${nodeId}`, within].filter((part) => part !== undefined).join(", ");
}

function expectedOf({ nodes }: Generation): Map<string, number> {
  return new Map(nodes.flatMap(({ nodeId, expectedMs }) => (expectedMs === undefined ? [] : [[nodeId, expectedMs] as const])));
}

/** What it had taken when this step was first heard of: time that passes after a step is not the step's. */
function useAtStep(step: string, elapsedMs: number): number {
  const [held, hold] = useState({ step, elapsedMs });
  if (held.step === step) return held.elapsedMs;
  hold({ step, elapsedMs });
  return elapsedMs;
}

/** The node that ran last in this attempt, so that the panel does not empty between two nodes. */
function useLast(node: ProgressData | undefined, attempt: string | undefined): ProgressData | undefined {
  const [held, hold] = useState({ node, attempt });
  if (held.attempt !== attempt || (node && held.node !== node)) hold({ node, attempt });
  return held.attempt === attempt ? (node ?? held.node) : node;
}
