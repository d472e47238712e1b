import { Store } from "../store.js";
import type { TabState } from "./tab.js";

export const tabState = new Store<TabState>({ state: "idle", running: 0 });
