import type { Device } from "@comfyui-monitor/react";

/** The card in short: `RTX 4090`, from `cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync`. */
export function deviceName(devices: readonly Device[]): string | undefined {
  const first = devices[0];
  if (!first) return undefined;
  const bare = first.name
    .replace(/^(cuda|xpu|mps|npu|privateuseone)(:\d+)?\s*/i, "")
    .replace(/\s+:\s+\S+$/, "")
    .replace(/\b(NVIDIA|AMD|GeForce|Radeon|Intel\(R\)|Arc\(TM\)|Graphics)\b\s*/g, (word) => (word.startsWith("Arc") ? "Arc " : ""))
    .trim();
  const name = bare || first.type || first.name;
  return devices.length > 1 ? `${devices.length} × ${name}` : name;
}
