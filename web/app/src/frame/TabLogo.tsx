import { Logo } from "@comfyui-monitor/react";
import { useTab } from "../tab/useTab.js";

/** The logo as the progress of this tab, as in its favicon. */
export function TabLogo({ size = 22 }: { size?: number }) {
  const { state, percentage } = useTab();
  return <Logo size={size} state={state} {...(percentage === undefined ? {} : { percentage })} />;
}
