import { useConnection } from "@comfyui-monitor/react";
import { useState } from "react";

/** How often the monitor has taken a token: what was asked of the API before has been refused, and is to be asked again. */
export function useUnlocks(): number {
  const { state } = useConnection();
  const [lock, turn] = useState({ isLocked: false, opened: 0 });
  if (state === "locked" && !lock.isLocked) turn({ ...lock, isLocked: true });
  if (state === "live" && lock.isLocked) turn({ isLocked: false, opened: lock.opened + 1 });
  return lock.opened;
}
