// Numbers and times in words.

const two = (number) => String(number).padStart(2, "0");

export function duration(ms) {
  if (ms < 10) return "under 0.01 s";
  if (ms < 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 60000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  const rest = two(seconds % 60);
  if (ms < 3600000) return `${Math.floor(seconds / 60)}:${rest}`;
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${rest}`;
}

export function left({ remainingMs, lowMs, highMs }) {
  const minutes = (ms) => Math.ceil(ms / 60000);
  const rounded = (ms, step) => Math.ceil(ms / (step * 1000)) * step;
  if (remainingMs < 5000) return "a few seconds left";
  if (remainingMs >= 60000 && highMs > lowMs * 1.5 && minutes(lowMs) < minutes(highMs)) {
    return `${minutes(lowMs)} to ${minutes(highMs)} min left`;
  }
  if (remainingMs < 60000) return `about ${rounded(remainingMs, 5)} s left`;
  if (remainingMs < 120000) return `about ${rounded(remainingMs, 10)} s left`;
  return `about ${minutes(remainingMs)} min left`;
}

export const percent = (percentage) => Math.floor(Math.max(0, Math.min(100, percentage || 0)));

const plain = (number) => (Number.isInteger(number) ? String(number) : number.toFixed(1));

export function steps(node) {
  return node.value === undefined || node.max === undefined ? "" : `${plain(node.value)}/${plain(node.max)} steps`;
}

export function clock(time) {
  const at = new Date(time);
  const hour = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const age = Date.now() - at;
  if (at.toDateString() === new Date().toDateString()) return hour;
  const day = { weekday: "short" };
  const date = { day: "numeric", month: "short" };
  return age < 7 * 86400000 ? `${at.toLocaleDateString("en", day)} ${hour}` : at.toLocaleDateString("en", date);
}

// What a job does now, or how it ended.
export function what(job) {
  switch (job.status) {
    case "pending":
      return job.message || (job.queuePosition ? `number ${job.queuePosition} in line` : "waiting");
    case "processing": {
      const node = job.current;
      if (job.stalledSince) return `No word from ${node ? node.title : "it"}`;
      return node ? [node.title, steps(node)].filter(Boolean).join(", ") : job.message || "running";
    }
    case "completed":
      return job.outputCount === 1 ? "1 output" : `${job.outputCount ?? 0} outputs`;
    case "failed":
      return (job.error?.message || job.message || "failed").split("\n")[0];
    default:
      return { cancelled: "cancelled", removed_from_queue: "taken out of the queue" }[job.reason] || "stopped at the server";
  }
}

// What a glyph and a colour stand for.
export function state(job) {
  if (job.retry) return "retrying";
  if (job.status === "processing" && job.stalledSince) return "stalled";
  return job.status;
}
