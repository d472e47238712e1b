/** Which outputs are shown, and what is said of them. Pure. */
import { count, counted, isEnded, outputsCounted, type Generation, type Output } from "@comfyui-monitor/react";

/** Results; previews only where there is nothing else. */
export function shownOutputs(outputs: readonly Output[]): Output[] {
  const results = outputs.filter(({ preview }) => !preview);
  return results.length > 0 ? results : [...outputs];
}

/** `1 on its way`, `2 images, 1 on its way`, `2 images`, `none`. */
export function outputsWords(generation: Pick<Generation, "outputs" | "status" | "nodes">): string {
  const results = generation.outputs.filter(({ preview }) => !preview);
  const stored = results.filter(({ status }) => status === "stored");
  const failed = results.filter(({ status }) => status === "failed").length;
  const savers = generation.nodes.filter(({ kind, state }) => kind === "saver" && (state === "pending" || state === "running")).length;
  const coming = results.filter(({ status }) => status === "pending").length + (isEnded(generation) ? 0 : savers);
  const previews = stored.length + coming + failed === 0 ? generation.outputs.length : 0;
  const parts = [
    previews > 0 ? counted(previews, "preview") : undefined,
    stored.length > 0 ? outputsCounted(stored) : undefined,
    coming > 0 ? `${count(coming)} on ${coming === 1 ? "its" : "their"} way` : undefined,
    failed > 0 ? `${count(failed)} could not be stored` : undefined,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(", ") : isEnded(generation) ? "none" : "";
}
