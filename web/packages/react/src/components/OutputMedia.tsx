"use client";
import File from "lucide-react/icons/file";
import AudioLines from "lucide-react/icons/audio-lines";
import Box from "lucide-react/icons/box";
import { useMedia } from "../hooks/useMedia.js";
import type { Output } from "../types/index.js";
import { fileSize } from "../words/index.js";
import { DownloadLink } from "./DownloadLink.js";
import { Waveform } from "./Waveform.js";

export interface OutputMediaProps {
  output: Output;
  /** Read out of a picture. */
  alt: string;
}

/** A result of any kind, whole. */
export function OutputMedia({ output, alt }: OutputMediaProps) {
  const media = useMedia(output.kind === "text" ? undefined : output.url);
  switch (output.kind) {
    case "image":
      return media.src === undefined ? <span className="cm-media cm-media--empty" /> : <img className="cm-media" {...media} alt={alt} {...size(output)} />;
    case "video":
      return <video className="cm-media" {...media} aria-label={alt} controls muted loop playsInline autoPlay={mayMove()} preload="metadata" />;
    case "audio":
      return (
        <figure className="cm-media cm-media--audio">
          <Waveform path={output.url} size={output.size} />
          <figcaption className="cm-media__name">{nameOf(output)}</figcaption>
          <audio {...media} controls preload="metadata" aria-label={alt} />
        </figure>
      );
    case "text":
      return (
        <pre className="cm-media cm-media--text cm-focusable" tabIndex={0} aria-label={alt}>
          {output.text}
        </pre>
      );
    default:
      return <FileRow output={output} />;
  }
}

/** A file that a page cannot show: its name, its size, and a way to have it. */
export function FileRow({ output }: { output: Output }) {
  const Icon = output.kind === "model3d" ? Box : output.kind === "audio" ? AudioLines : File;
  return (
    <div className="cm-file">
      <Icon size={16} strokeWidth={1.7} aria-hidden />
      <span className="cm-file__name" title={nameOf(output)}>
        {nameOf(output)}
      </span>
      {output.size !== undefined && <span className="cm-file__size">{fileSize(output.size)}</span>}
      <DownloadLink output={output} />
    </div>
  );
}

const WORDS: Record<Output["kind"], string> = {
  image: "Picture",
  video: "Video",
  audio: "Audio",
  text: "Text",
  model3d: "3D model",
  file: "File",
};

export function nameOf({ originalFilename, kind }: Output): string {
  return originalFilename ?? WORDS[kind] ?? WORDS.file;
}

function size({ width, height }: Output): { width?: number; height?: number } {
  return width !== undefined && height !== undefined ? { width, height } : {};
}

/** Films play by themselves unless movement is not wanted. */
function mayMove(): boolean {
  return typeof matchMedia === "undefined" || !matchMedia("(prefers-reduced-motion: reduce)").matches;
}
