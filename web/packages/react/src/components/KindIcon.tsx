"use client";
import AudioLines from "lucide-react/icons/audio-lines";
import Box from "lucide-react/icons/box";
import Clapperboard from "lucide-react/icons/clapperboard";
import Eye from "lucide-react/icons/eye";
import ImageDown from "lucide-react/icons/image-down";
import Image from "lucide-react/icons/image";
import Lasso from "lucide-react/icons/lasso";
import PackageOpen from "lucide-react/icons/package-open";
import Puzzle from "lucide-react/icons/puzzle";
import Scaling from "lucide-react/icons/scaling";
import Sigma from "lucide-react/icons/sigma";
import SquircleDashed from "lucide-react/icons/squircle-dashed";
import Type from "lucide-react/icons/type";
import Waypoints from "lucide-react/icons/waypoints";
import { memo, type ComponentType, type ReactNode } from "react";
import type { NodeKind } from "../types/index.js";

export interface KindIconProps {
  kind: NodeKind;
  size?: number;
}

interface Drawn {
  size?: number | string;
  strokeWidth?: number | string;
}

/** Dots that become a half disc: noise that becomes a picture. */
const Sampler = drawn(
  <>
    <path d="M13.5 4.25a7.75 7.75 0 0 1 0 15.5z" fill="currentColor" fillOpacity=".35" />
    <path d="M9.4 5.6v.01M9.4 9.9v.01M9.4 14.1v.01M9.4 18.4v.01" strokeWidth="2.3" />
    <path d="M6 7.8v.01M6 12v.01M6 16.2v.01" strokeWidth="2" />
    <path d="M2.9 12v.01" strokeWidth="1.7" />
  </>,
);

/** A small square that opens to a wide trapezoid: a latent that becomes pixels. */
const Vae = drawn(
  <>
    <rect x="2" y="8.9" width="6.2" height="6.2" rx="1" />
    <path d="M11.8 8.6 20.4 4.4c.6-.3 1.2.1 1.2.8v13.6c0 .7-.6 1.1-1.2.8l-8.6-4.2z" fill="currentColor" fillOpacity=".18" />
  </>,
);

const ICONS: Record<NodeKind, ComponentType<Drawn>> = {
  loader: PackageOpen,
  text_encoder: Type,
  sampler: Sampler,
  vae: Vae,
  upscaler: Scaling,
  saver: ImageDown,
  preview: Eye,
  image: Image,
  latent: SquircleDashed,
  mask: Lasso,
  video: Clapperboard,
  audio: AudioLines,
  model3d: Box,
  control: Waypoints,
  math: Sigma,
  other: Puzzle,
};

/** The kind itself where the page knows it, `other` where a newer server names one it does not. */
export function knownKind(kind: NodeKind): NodeKind {
  return Object.hasOwn(ICONS, kind) ? kind : "other";
}

/** The icon of a node kind. */
export const KindIcon = memo(function KindIcon({ kind, size = 16 }: KindIconProps) {
  const Icon = ICONS[knownKind(kind)];
  return <Icon size={size} strokeWidth={1.7} />;
});

function drawn(shape: ReactNode): ComponentType<Drawn> {
  return ({ size, strokeWidth }) => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={strokeWidth}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
    >
      {shape}
    </svg>
  );
}
