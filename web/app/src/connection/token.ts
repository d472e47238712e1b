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
