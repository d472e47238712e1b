import type { Node } from "@comfyui-monitor/react";
import type { Tile } from "./board.js";

/** What an expanded node shows of its children; of several that run, the last that counts steps. */
export function foremost(children: readonly Node[]): NonNullable<Tile["inside"]> {
  const done = children.filter(({ state }) => state === "finished" || state === "cached").length;
  const running = children.filter(({ state }) => state === "running");
  const named = running.findLast(({ value }) => value !== undefined) ?? running.at(-1);
  if (!named) return { total: children.length, done };
  const { title, kind, value, max, percentage } = named;
  const figures = { ...(value !== undefined && { value }), ...(max !== undefined && { max }), ...(percentage !== undefined && { percentage }) };
  return { total: children.length, done, running: { title, kind, ...figures } };
}
