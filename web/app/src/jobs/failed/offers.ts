/** Ways out of a failure, as buttons. Pure. */
import type { Overrides, Suggestion } from "@comfyui-monitor/react";

export interface Offer {
  kind: Suggestion["kind"] | "again";
  title: string;
  detail: string;
  /** On the button. */
  verb: string;
  instanceId?: string;
  overrides?: Overrides;
}

const MOST = 3;

/**
 * At most three of the server's, and the way to change the inputs where there is room for it. `isLooked`: it has looked
 * for some.
 */
export function offersOf(suggestions: readonly Suggestion[], isLooked = true): Offer[] {
  const told = suggestions.slice(0, MOST).map(offer);
  const hasEdit = told.some(({ kind }) => kind === "edit");
  const edit: Offer = { kind: "edit", title: "Change the inputs yourself", detail: "Opens this workflow in Generate with everything filled in", verb: "Edit inputs" };
  const again: Offer = { kind: "again", title: "Run it again as it is", detail: isLooked ? "Nothing is known that would help; it may have been chance" : "It may have been chance", verb: "Run again" };
  const all = told.length === 0 ? [edit, again] : hasEdit ? told : [...told, edit];
  return all.slice(0, MOST);
}

function offer({ kind, title, detail, instanceId, overrides }: Suggestion): Offer {
  const isTable = typeof overrides === "object" && overrides !== null && !Array.isArray(overrides);
  if (kind === "instance" && instanceId !== undefined) {
    const where = /^Run it on (.+)$/.exec(title)?.[1] ?? instanceId;
    return { kind, title, detail, verb: `Run on ${where}`, instanceId };
  }
  if (kind === "overrides" && isTable) return { kind, title, detail, verb: "Change and run", overrides: overrides as Overrides };
  return { kind: "edit", title, detail, verb: "Edit inputs" };
}
