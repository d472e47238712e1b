"use client";
import type { JobState } from "../core/reducer.js";
import type { Next } from "../types/index.js";
import { about, nodeNames } from "../words/index.js";
import { NodeTile } from "./NodeTile.js";
import { StateGlyph } from "./StateGlyph.js";

export interface NextListProps {
  state: JobState;
  /** One line instead of rows. */
  folded?: boolean;
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** What runs next, and what it should take. */
export function NextList({ state, folded = false, marked, onMark }: NextListProps) {
  const { generation } = state;
  const next = generation?.next ?? [];
  const [first] = next;
  if (!generation || !first) return null;
  const names = nodeNames(generation.nodes);
  const nameOf = ({ nodeId, title }: Next) => names.get(nodeId) ?? title;
  return (
    <section className="cm-rows cm-next" aria-label="Next">
      <h3 className="cm-rows__title">Next</h3>
      {folded ? (
        <p className="cm-row cm-row--folded">
          <span className="cm-row__name" title={next.map(nameOf).join(", ")}>
            {next.length > 1 ? `${nameOf(first)}, then ${next.length - 1} more` : nameOf(first)}
          </span>
          <span className="cm-row__time">{inAll(next)}</span>
        </p>
      ) : (
        <ol className="cm-rows__list">
          {next.map((node) => (
            <li
              key={node.nodeId}
              className={`cm-row${marked !== undefined && marked !== node.nodeId ? " cm-row--dim" : ""}`}
              onPointerEnter={onMark && (() => onMark(node.nodeId))}
              onPointerLeave={onMark && (() => onMark(undefined))}
            >
              <StateGlyph state="queued" />
              <NodeTile kind={node.kind} size={22} />
              <span className="cm-row__name" title={nameOf(node)}>
                {nameOf(node)}
              </span>
              <span className="cm-row__time">{node.expectedMs === undefined ? "" : about(node.expectedMs)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** Of all, where it is known of all. */
function inAll(next: readonly Next[]): string {
  const known = next.flatMap((node) => node.expectedMs ?? []);
  return known.length < next.length ? "" : about(known.reduce((sum, ms) => sum + ms, 0));
}
