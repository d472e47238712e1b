import { useMemo } from "react";
import { Choice } from "../../../../controls/Choice.js";
import type { ControlProps } from "./props.js";
import { shownValue } from "../values.js";

/** One of what the server offers; what the workflow came with stays, though the server may not have it. */
export function ChoiceField({ input, draft, onDraft, id, label, invalid }: ControlProps) {
  const choices = useMemo(() => {
    const offered = (input.choices ?? []).map((choice) => shownValue(input, choice));
    const own = shownValue(input, input.value);
    const all = [...new Set(offered.includes(own) ? offered : [own, ...offered])];
    return all.map((value) => ({ value, label: value }));
  }, [input]);
  const shown = choices.some(({ value }) => value === draft) ? choices : [{ value: draft, label: draft }, ...choices];
  return <Choice id={id} label={label} value={draft} choices={shown} invalid={invalid} onChange={onDraft} />;
}
