"use client";
import { useEffect, useRef, useState } from "react";
import type { JobState } from "../core/reducer.js";
import type { Node } from "../types/index.js";
import { duration, exactDuration, finishedRows, hasHadItsTurn, inOrder, nodeNames, nodesDone, shownNodeState, stateWord, type FinishedRow } from "../words/index.js";
import { NodeTile } from "./NodeTile.js";
import { StateGlyph } from "./StateGlyph.js";

export interface FinishedListProps {
  state: JobState;
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** Rows before the newest so many are counted, not shown. */
const MOST = 200;

/** Nodes that have had their turn, newest last. */
export function FinishedList({ state, marked, onMark }: FinishedListProps) {
  const { generation } = state;
  const nodes = useInOrder(generation?.promptId, generation?.nodes ?? NONE);
  const { list, follow } = useEnd();
  if (!generation || nodes.length === 0) return null;
  const rows = finishedRows(nodes, nodeNames(generation.nodes));
  const longest = Math.max(0, ...rows.map((row) => row.durationMs ?? 0));
  const { done, total } = nodesDone(generation.nodes);
  const before = rows.length - MOST;
  return (
    <section className="cm-rows" aria-label="Finished">
      <h3 className="cm-rows__title">
        Finished <span className="cm-rows__count">{`${done} of ${total}`}</span>
      </h3>
      <ol ref={list} className="cm-rows__list" onScroll={follow} tabIndex={-1}>
        {before > 0 && <li className="cm-rows__more">{before} before these</li>}
        {rows.slice(-MOST).map((row) => (
          <Row
            key={row.nodeIds[0]}
            row={row}
            longest={longest}
            dim={marked !== undefined && !row.nodeIds.includes(marked)}
            onMark={onMark}
          />
        ))}
      </ol>
    </section>
  );
}

interface RowProps {
  row: FinishedRow;
  longest: number;
  dim: boolean;
  onMark: FinishedListProps["onMark"];
}

function Row({ row, longest, dim, onMark }: RowProps) {
  const { nodeIds, name, kind, state, durationMs } = row;
  const shown = shownNodeState(state);
  return (
    <li
      className={`cm-row${dim ? " cm-row--dim" : ""}`}
      onPointerEnter={onMark && (() => onMark(nodeIds[0]))}
      onPointerLeave={onMark && (() => onMark(undefined))}
    >
      <StateGlyph state={shown} label={stateWord(shown)} />
      <NodeTile kind={kind} size={22} />
      <span className="cm-row__name" title={name}>
        {name}
      </span>
      <span className="cm-row__bar" aria-hidden>
        {durationMs !== undefined && longest > 0 && <span style={{ transform: `scaleX(${durationMs / longest})` }} />}
      </span>
      <span className="cm-row__time" title={durationMs === undefined ? undefined : exactDuration(durationMs)}>
        {timeOf(row)}
      </span>
    </li>
  );
}

function timeOf({ state, durationMs }: FinishedRow): string {
  if (state === "cached") return "cached";
  if (state === "error") return "failed";
  if (state === "interrupted") return "stopped";
  return durationMs === undefined ? "" : duration(durationMs);
}

const NONE: Node[] = [];

/** In the order in which they were seen to be done: rows never move. Children of expanded nodes are part of these. */
function useInOrder(attempt: string | undefined, nodes: readonly Node[]): Node[] {
  const [held, hold] = useState<{ attempt: string | undefined; ids: string[] }>({ attempt, ids: [] });
  const done = nodes.filter((node) => node.parentNodeId === undefined && hasHadItsTurn(node));
  const ordered = inOrder(held.attempt === attempt ? held.ids : [], done);
  const ids = ordered.map((node) => node.nodeId);
  if (held.attempt !== attempt || held.ids.length !== ids.length || held.ids.some((id, at) => id !== ids[at])) hold({ attempt, ids });
  return ordered;
}

/** Keeps the end in sight, unless somebody has scrolled away from it. */
function useEnd() {
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (list.current && follows.current) list.current.scrollTop = list.current.scrollHeight;
    // What is beside the list may take room from it at any time.
  });
  const follow = () => {
    const at = list.current;
    if (at) follows.current = at.scrollHeight - at.scrollTop - at.clientHeight < 16;
  };
  return { list, follow };
}
