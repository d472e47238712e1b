import { useStore } from "../store.js";
import { tabState } from "./watch.js";
import type { TabState } from "./tab.js";

/** What this tab is about, at most a second old. */
export function useTab(): TabState {
  return useStore(tabState);
}
