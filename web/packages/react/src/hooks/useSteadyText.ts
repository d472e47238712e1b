import { useState } from "react";
import { steadyText } from "../words/left.js";

/** `text` as it may be shown at `now` (ms): see {@link steadyText}. `of` says what it is about. */
export function useSteadyText(text: string, now: number, of = ""): string {
  const [held, hold] = useState(() => steadyText(undefined, text, now, of));
  const next = steadyText(held, text, now, of);
  if (next !== held) hold(next);
  return next.text;
}
