/** How high the graph is, kept in this browser. */
const KEY = "cm.graph.height";
export const LEAST_HEIGHT = 200;
export const MOST_HEIGHT = 1_200;
const USUAL = 348;

export function within(height: number): number {
  return Math.round(Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, height)));
}

export function keptHeight(): number {
  try {
    const kept = Number(localStorage.getItem(KEY));
    return kept > 0 ? within(kept) : USUAL;
  } catch {
    return USUAL;
  }
}

export function keepHeight(height: number): void {
  try {
    localStorage.setItem(KEY, String(height));
  } catch {
    // It is as high as before next time.
  }
}
