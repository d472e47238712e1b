import { isEnded } from "@comfyui-monitor/react";
import { useLocation } from "wouter";
import { cancel, runAgain } from "../jobs/actions.js";
import { current } from "../jobs/current.js";
import { copyError, focusOn } from "../jobs/keyActions.js";
import { openPalette, paletteOpen } from "../palette/open.js";
import { switchTheme } from "../theme/theme.js";
import { sheetOpen } from "./sheet.js";
import { useKeys } from "./useKeys.js";

/** Keys that work on every route, and those of the job that the route is about. */
export function useAppKeys(): void {
  const [, navigate] = useLocation();
  useKeys(
    {
      "$mod+k": openPalette,
      "/": openPalette,
      "?": () => sheetOpen.set(true),
      t: switchTheme,
      "g g": () => navigate("/"),
      "g j": () => navigate("/jobs"),
      "g i": () => navigate("/instances"),
      "g p": () => navigate("/performance"),
      c: () => cancel(current.get().jobs),
      r: () => runAgain(current.get().jobs.filter((job) => isEnded(job) || job.retry)),
      f: () => focusOn(current.get().jobs),
      e: () => void copyError(current.get().jobs),
    },
    { last: true },
  );
  useKeys({ "$mod+k": () => paletteOpen.set(false) }, { dialog: () => document.querySelector("dialog[data-name=palette]") });
}
