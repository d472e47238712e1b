import type { Device, Instance } from "@comfyui-monitor/react";

/** `RTX 4090` of `cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync`. */
function deviceName({ name, type }: Device): string {
  const full = name.replace(/^[a-z]+:\d+\s+/i, "").replace(/\s+:\s+\S+$/, "").trim();
  const bare = full
    .replace(/\b(NVIDIA|AMD|GeForce|Radeon|Intel\(R\)|Graphics)(?=\s|$)\s*/g, "")
    .replace("(TM)", "")
    .trim();
  if (/^(cpu|mps|xpu|cuda)$/i.test(bare)) return bare.toUpperCase();
  // Some are called nothing but their maker and `Graphics`.
  return bare || full || (type ?? "").toUpperCase();
}

/** `RTX 4090`; `2 × RTX 4090`; `RTX 4090, L40S`. */
export function deviceNames(devices: readonly Device[]): string {
  const times = new Map<string, number>();
  for (const name of devices.map(deviceName)) if (name) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].map(([name, n]) => (n > 1 ? `${n} × ${name}` : name)).join(", ");
}

/** Whether it has memory of a GPU to speak of. */
export function hasGpu({ devices, memory }: Pick<Instance, "devices" | "memory">): boolean {
  return memory !== undefined && memory.totalBytes > 0 && devices.some(({ type }) => type !== "cpu");
}

/** `localhost:8188` of `http://localhost:8188/`, and of what is no more than that. */
export function addressOf(url: string): string {
  try {
    const { host, pathname } = new URL(/^\w+:\/\//.test(url) ? url : `http://${url}`);
    return host + pathname.replace(/\/$/, "");
  } catch {
    return url;
  }
}
