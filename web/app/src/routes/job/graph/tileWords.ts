/** What a node of the graph says. Pure. */
import { about, duration, nodeStateWord, shownNodeState, stepsDone, wholePercent, type ShownState } from "@comfyui-monitor/react";
import type { Tile } from "./board.js";

/** The second line: time or state. */
export function secondLine(tile: Tile): string {
  const { node, error, isStalled } = tile;
  const { running } = tile.inside ?? {};
  switch (node.state) {
    case "running": {
      if (isStalled) return "no word";
      if (running) return stepsDone(running) ?? running.title;
      return stepsDone(node) ?? (node.elapsedMs === undefined ? "running" : duration(node.elapsedMs));
    }
    case "finished":
      return node.durationMs === undefined ? "done" : duration(node.durationMs);
    case "pending":
      return node.expectedMs === undefined ? "waiting" : about(node.expectedMs);
    case "error":
      return error === undefined ? "failed" : inside(error);
    case "skipped":
      return "did not run";
    default:
      return node.state;
  }
}

/** Our own words go on small; the name of an exception stays as it is. */
function inside(words: string): string {
  return words.includes(" ") ? words.charAt(0).toLowerCase() + words.slice(1) : words;
}

/** How far the running node is, 0 to 100; its children's steps where it has none itself. */
export function tilePercent({ node, inside }: Tile): number | undefined {
  return node.percentage ?? inside?.running?.percentage;
}

/** "2 of 5 nodes inside". */
export function insideWords({ inside }: Tile): string | undefined {
  return inside && `${inside.done} of ${inside.total} inside`;
}

export function tileState(tile: Tile): ShownState {
  return shownNodeState(tile.node.state, tile.isStalled);
}

/** The whole of it, read out: "K-Sampler, running, 15/20 steps, 75%". */
export function tileSentence(tile: Tile): string {
  const percentage = tile.node.state === "running" ? tilePercent(tile) : undefined;
  const word = nodeStateWord(tile.node.state, tile.isStalled).toLowerCase();
  const second = secondLine(tile);
  const isSaid = second === word || tile.node.state === "skipped" || tile.isStalled || (tile.node.state === "pending" && second === "waiting");
  const parts = [tile.name, word, isSaid ? undefined : second, percentage === undefined ? undefined : `${wholePercent(percentage)}%`, insideWords(tile)];
  return parts.filter((part) => part !== undefined).join(", ");
}
