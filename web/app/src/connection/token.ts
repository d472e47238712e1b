import { isToken } from "@comfyui-monitor/react";

const KEY = "cm-token";
let held: string | undefined;

/** The token of this tab, where the monitor wants one. */
export function token(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return held;
  }
}

/** Kept for this tab alone. */
export function keepToken(value: string): void {
  held = value;
  try {
    sessionStorage.setItem(KEY, value);
  } catch {
    // Storage is forbidden: it lasts as long as the page.
  }
}

/** What was typed or pasted, without what is said before it in a header; or why it is no token. */
export function readToken(text: string): { token: string } | { problem: string } {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  const wrong = [...token].find((letter) => !isToken(letter));
  if (wrong === undefined) return { token };
  return { problem: `This is no token: none has ${/\s/.test(wrong) ? "a blank" : `“${wrong}”`} in it` };
}
