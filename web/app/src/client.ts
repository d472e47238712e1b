import { MonitorClient } from "@comfyui-monitor/react";

/** The monitor that this page came from. */
export const client = new MonitorClient();
