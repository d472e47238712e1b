"use client";
import type { ProgressData } from "../types/index.js";
import { percent, roughly, stepsDone } from "../words/index.js";
import { NodeTile } from "./NodeTile.js";
import { Pulse } from "./Pulse.js";
import { StepBar } from "./StepBar.js";

export interface RunningLanesProps {
  nodes: readonly ProgressData[];
  /** By node id. */
  names: ReadonlyMap<string, string>;
  /** What each should take (ms), by node id. */
  expected: ReadonlyMap<string, number>;
  /** Since the nodes were heard of (ms). */
  passed: number;
}

const MOST = 4;

/** What runs beside the node of the panel: one lane a node. */
export function RunningLanes({ nodes, names, expected, passed }: RunningLanesProps) {
  const more = nodes.length - MOST;
  return (
    <ul className="cm-lanes" aria-label="Running at the same time">
      {nodes.slice(0, MOST).map((node) => {
        const name = names.get(node.nodeId) ?? node.currentNode;
        const expectedMs = expected.get(node.nodeId);
        return (
          <li key={node.nodeId} className="cm-lane">
            <Pulse size={8} />
            <NodeTile kind={node.kind} size={26} />
            <span className="cm-lane__name" title={name}>
              {name}
            </span>
            <span className="cm-lane__value">{laneValue(node, expectedMs)}</span>
            <div className="cm-lane__bar">
              <StepBar
                value={node.value}
                max={node.max}
                elapsedMs={node.elapsedMs + passed}
                expectedMs={expectedMs}
                height={5}
                label={name}
              />
            </div>
          </li>
        );
      })}
      {more > 0 && <li className="cm-lanes__more">{more} more</li>}
    </ul>
  );
}

function laneValue(node: ProgressData, expectedMs: number | undefined): string {
  const counted = stepsDone(node);
  if (counted !== undefined) return counted;
  if (node.percentage !== undefined) return percent(node.percentage);
  return expectedMs === undefined ? "" : `usually ${roughly(expectedMs)}`;
}
