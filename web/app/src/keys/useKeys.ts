import { useEffect, useRef } from "react";
import { createKeybindingsHandler } from "tinykeys";
import { Setting } from "../store.js";
import { formsOf, mayAct, Sequences } from "./rules.js";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

/** Keys of one character can be switched off: for speech input, and for those who hit them by mistake. */
export const singleKeys = new Setting<"on" | "off">("cm-single-keys", ["on", "off"]);

export const GO_KEYS = ["g g", "g j", "g i", "g p"];

/** Newest first: what came later to the page is nearer to the reader. */
const bound: EventListener[] = [];
const sequences = new Sequences(GO_KEYS);
let inSequence = false;

function dispatch(event: Event): void {
  if (!(event instanceof KeyboardEvent) || event.isComposing) return;
  const isModifier = ["Shift", "Control", "Alt", "Meta"].includes(event.key);
  inSequence = !isModifier && sequences.hear(event.key.toLowerCase(), event.timeStamp);
  for (const handle of [...bound]) handle(event);
}

export interface KeysOptions {
  /** After those of the route, which may have its own meaning for a key. */
  last?: boolean;
  /** Of a dialog: they act while it is open, when those of the page do not. */
  dialog?: () => Element | null | undefined;
}

/**
 * Keys of a part of the page, in the words of tinykeys; single keys are off while typing, or by setting. One that acts
 * takes the event: nothing else acts on it, the browser included.
 */
export function useKeys(keys: Keys, { last = false, dialog }: KeysOptions = {}): void {
  const newest = useRef(keys);
  const own = useRef(dialog);
  useEffect(() => {
    newest.current = keys;
    own.current = dialog;
  });
  const names = Object.keys(keys).join("\n");
  useEffect(() => {
    const act = (binding: string) => (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const open = document.querySelector("dialog[open]");
      // Keys of a dialog are for while it is open, all others for while none is.
      const behindDialog = own.current ? open === null || open !== own.current() : open !== null;
      const target = event.target instanceof Element ? event.target : null;
      if (!mayAct({ binding, target, singles: singleKeys.get() === "on", inSequence, behindDialog })) return;
      event.preventDefault();
      newest.current[binding]?.(event);
    };
    const forms = names.split("\n").filter(Boolean).flatMap((binding) => formsOf(binding).map((form) => [form, act(binding)] as const));
    const entry = createKeybindingsHandler(Object.fromEntries(forms));
    if (bound.length === 0) addEventListener("keydown", dispatch);
    if (last) bound.push(entry);
    else bound.unshift(entry);
    return () => {
      bound.splice(bound.indexOf(entry), 1);
      if (bound.length === 0) removeEventListener("keydown", dispatch);
    };
  }, [names, last]);
}
