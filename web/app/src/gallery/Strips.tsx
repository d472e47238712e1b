import { RunStrip, type RunStripProps, type StripSegment } from "@comfyui-monitor/react";
import { useState } from "react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

const segment = (state: StripSegment["state"], ms: number, title?: string, more: Partial<StripSegment> = {}): StripSegment => ({
  state, ms, ...(title && { title, nodeId: title }), ...more,
});

const RUNNING = [
  segment("finished", 11_400, "Checkpoint Loader"),
  segment("finished", 620, "CLIP Text Encoder"),
  segment("cached", 0, "Empty Latent Image"),
  segment("running", 28_500, "K-Sampler", { percentage: 75, leftMs: 9_500 }),
  segment("pending", 2_000, "VAE Decoder"),
  segment("pending", 9_000, "Upscale Image"),
  segment("pending", 700, "Save Image"),
];
const CACHED = [segment("cached", 0), segment("cached", 0), segment("cached", 0)];

type Strip = Pick<RunStripProps, "segments" | "percentage" | "state"> & { name: string };

const STRIPS: Strip[] = [
  { name: "running", segments: RUNNING, percentage: 66, state: "running" },
  { name: "mostly from cache", segments: [...CACHED, segment("running", 8_000, "", { leftMs: 12_000 }), segment("pending", 3_000)], percentage: 46, state: "running" },
  { name: "several at once", segments: [segment("finished", 10_000), segment("running", 9_000, "a", { percentage: 80 }), segment("running", 5_000, "b", { percentage: 42 }), segment("pending", 8_000)], percentage: 62, state: "running" },
  { name: "failed", segments: [segment("finished", 8_000), segment("error", 16_000, "", { percentage: 60 }), segment("skipped", 0), segment("skipped", 0)], percentage: 57, state: "failed" },
  { name: "stalled", segments: [segment("finished", 12_000), segment("running", 7_000, "", { leftMs: 6_000 }), segment("pending", 12_000)], percentage: 50, state: "stalled" },
  { name: "done: the light goes out", segments: [segment("finished", 11_000), segment("finished", 34_000), segment("cached", 0), segment("finished", 10_000)], percentage: 100, state: "ended" },
  { name: "all from cache", segments: CACHED, percentage: 100, state: "ended" },
  { name: "waiting", segments: [segment("pending", 11_000), segment("pending", 34_000), segment("pending", 4_000)], percentage: 0, state: "waiting" },
  { name: "300 nodes", segments: Array.from({ length: 300 }, (_, at) => segment(at < 150 ? "finished" : at === 150 ? "running" : "pending", 100)), percentage: 50, state: "running" },
];

export function Strips() {
  const [marked, mark] = useState<string>();
  return (
    <>
      <Card title="Run strip: one segment a node, as wide as its time" wide={4}>
        <div className={styles.pairs}>
          {STRIPS.map(({ name, ...strip }) => (
            <Named key={name} name={name}><RunStrip {...strip} height={10} label={name} /></Named>
          ))}
        </div>
      </Card>
      <Card title="The strip at its sizes" wide={8}>
        <RunStrip segments={RUNNING} percentage={66} elapsedMs={41_000} state="running" height={14} labels label="66%, K-Sampler runs, 3 of 7 nodes finished" marked={marked} onMark={mark} />
        <div className={styles.small}>
          {STRIPS.map(({ name, ...strip }) => [
            <RunStrip key={name} {...strip} height={6} label={name} />,
            <RunStrip key={`${name} 4`} {...strip} height={4} label={name} />,
          ])}
        </div>
      </Card>
    </>
  );
}

function Named({ name, children }: { name: string; children: React.ReactNode }) {
  return <><span>{name}</span>{children}</>;
}
