/** The frames of every recording, as the server wrote them (`make gen`). */
import { readFileSync, readdirSync } from "node:fs";
import { Decoder } from "../src/core/frames.js";
import type { Generation, JobFrame } from "../src/types/index.js";

// Tests run in the folder of the package; those of others say where it is from theirs.
const FOLDER = "../../../fixtures/frames/";

/** What a page would hear of one job, in order: frames, and the server's own view between them. */
export type Heard = { frame: JobFrame } | { view: Generation; at: number };

export interface Job {
  name: string;
  heard: Heard[];
}

export function jobs(folder = FOLDER): Job[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl")).sort();
  return files.flatMap((file) => {
    const byId = new Map<string, Heard[]>();
    for (const line of readFileSync(folder + file, "utf8").trim().split("\n")) {
      const [queueId, heard] = read(line, file);
      byId.set(queueId, [...(byId.get(queueId) ?? []), heard]);
    }
    return [...byId].map(([queueId, heard]) => ({ name: `${file} ${queueId}`, heard }));
  });
}

function read(line: string, file: string): [string, Heard] {
  const value = JSON.parse(line);
  if (value.view) return [value.view.queueId, { view: value.view, at: Date.parse(value.at) }];
  const decoder = new Decoder((message) => {
    throw new Error(`${file}: ${message}`);
  });
  const frame = decoder.text(line);
  if (!frame || !("attempt" in frame)) throw new Error(`${file}: no frame of a job: ${line.slice(0, 200)}`);
  return [frame.queueId, { frame }];
}
