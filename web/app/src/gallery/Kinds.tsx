import { NodeTile, type NodeKind } from "@comfyui-monitor/react";
import { Card } from "./Card.js";
import styles from "./Gallery.module.css";

const KINDS: [NodeKind, title: string][] = [
  ["loader", "Checkpoint Loader"],
  ["text_encoder", "CLIP Text Encoder"],
  ["sampler", "K-Sampler"],
  ["vae", "VAE Decoder"],
  ["upscaler", "Upscale Image"],
  ["saver", "Save Image"],
  ["preview", "Preview Image"],
  ["latent", "Empty Latent Image"],
  ["mask", "Mask Composite"],
  ["video", "Video Combine"],
  ["audio", "Save Audio"],
  ["control", "ControlNet Apply"],
  ["math", "Math Expression"],
  ["image", "Load Image"],
  ["model3d", "Preview 3D"],
  ["other", "FaceDetailer"],
];

export function Kinds() {
  return (
    <Card title="Node kinds: icon, and the colour of the slot in ComfyUI" wide={4}>
      <div className={styles.kinds}>
        {KINDS.map(([kind, title]) => (
          <span key={kind} className={styles.kind}><NodeTile kind={kind} size={26} />{title}</span>
        ))}
      </div>
      <div className={styles.row} style={{ margin: "16px 0 0" }}>
        {([18, 22, 26, 44] as const).map((size) => <NodeTile key={size} kind="sampler" size={size} />)}
        {([18, 22, 26, 44] as const).map((size) => <NodeTile key={size} kind="vae" size={size} />)}
      </div>
    </Card>
  );
}
