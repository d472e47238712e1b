import { useStore } from "../store.js";
import { tabSign, type TabSign } from "./tab.js";
import { tabState } from "./watch.js";

/** What this tab is about, as a logo; at most a second old. */
export function useTab(): TabSign {
  return tabSign(useStore(tabState));
}
