"use client";
import { useState } from "react";
import AudioLines from "lucide-react/icons/audio-lines";
import Play from "lucide-react/icons/play";
import type { Preview } from "../core/frames.js";
import type { JobState } from "../core/reducer.js";
import { useMedia, type Media } from "../hooks/useMedia.js";
import type { Output } from "../types/index.js";
import { wholePercent } from "../words/index.js";
import { Action } from "./Action.js";
import { EdgeLight } from "./EdgeLight.js";
import { LivePicture } from "./LivePreview.js";
import { FileRow, nameOf } from "./OutputMedia.js";
import { StateGlyph } from "./StateGlyph.js";

export interface ResultsProps {
  outputs: Output[];
  /** The job whose picture is on its way: its tile comes first, with its edge light. */
  pending?: JobState | undefined;
  /** What the pending tile shows. */
  preview?: Preview | undefined;
  title: string;
  seed?: string | undefined;
  /** Instead of title and seed, where the outputs are of several jobs: what to call one of them. */
  altOf?: ((output: Output) => string) | undefined;
  onOpen: (index: number) => void;
}

/** So many at first, and so many more each time. */
const AT_ONCE = 60;

/** Results as tiles, of every kind of media. */
export function Results({ outputs, pending, preview, title, seed, altOf, onOpen }: ResultsProps) {
  const [most, setMost] = useState(AT_ONCE);
  const alt = seed === undefined ? title : `${title}, seed ${seed}`;
  const shown = outputs.slice(0, most).map((output, index) => ({ output, index }));
  const more = outputs.length - most;
  const isRow = ({ kind, status }: Output) => status === "stored" && (kind === "model3d" || kind === "file");
  const tiles = shown.filter(({ output }) => !isRow(output));
  const rows = shown.filter(({ output }) => isRow(output));
  return (
    <div className="cm-results">
      {(pending || tiles.length > 0) && (
        <ul className="cm-results__tiles">
          {pending?.generation && <PendingTile state={pending} preview={preview} />}
          {tiles.map(({ output, index }) => (
            <li key={output.mediaId}>
              <Tile output={output} alt={altOf?.(output) ?? alt} onOpen={() => onOpen(index)} />
            </li>
          ))}
        </ul>
      )}
      {rows.length > 0 && (
        <ul className="cm-results__rows">
          {rows.map(({ output }) => (
            <li key={output.mediaId}>
              <FileRow output={output} />
            </li>
          ))}
        </ul>
      )}
      {more > 0 && <Action variant="quiet" onClick={() => setMost(most + AT_ONCE)}>{`Show ${Math.min(more, AT_ONCE)} more of ${outputs.length}`}</Action>}
    </div>
  );
}

function PendingTile({ state, preview }: { state: JobState; preview: Preview | undefined }) {
  const { overallPercentage = 0, status } = state.generation ?? {};
  return (
    <li>
      <EdgeLight className="cm-results__pending" percentage={overallPercentage} lit={status === "processing"} radius={10} width={2} gap={3}>
        <div className="cm-result cm-result--pending" role="img" aria-label={`On its way, ${wholePercent(overallPercentage)}%`}>
          {preview && <LivePicture preview={preview} />}
        </div>
      </EdgeLight>
    </li>
  );
}

function Tile({ output, alt, onOpen }: { output: Output; alt: string; onOpen: () => void }) {
  const thumbnail = useMedia(output.thumbnailUrl ?? (output.kind === "image" ? output.url : undefined));
  if (output.status === "failed") {
    const reason = output.reason === undefined ? "" : `: ${output.reason}`;
    return (
      <div className="cm-result cm-result--failed" title={`${nameOf(output)} could not be stored${reason}`}>
        <StateGlyph state="failed" />
        <span className="cm-result__says">{`Not stored${reason}`}</span>
      </div>
    );
  }
  if (output.status === "pending" && output.text === undefined) {
    return (
      <div className="cm-result cm-result--storing" title={nameOf(output)}>
        <span className="cm-result__says">Storing</span>
      </div>
    );
  }
  return (
    <button type="button" className="cm-result cm-result--open cm-focusable" onClick={onOpen} title={nameOf(output)} aria-label={`Open ${nameOf(output)}, ${alt}`}>
      <Inside output={output} thumbnail={thumbnail} alt={alt} />
      {output.preview && <span className="cm-result__badge">Preview</span>}
    </button>
  );
}

function Inside({ output, thumbnail, alt }: { output: Output; thumbnail: Media; alt: string }) {
  switch (output.kind) {
    case "image":
      return thumbnail.src === undefined ? null : <img {...thumbnail} alt={alt} loading="lazy" decoding="async" draggable={false} />;
    case "video":
      return <Film output={output} thumbnail={thumbnail} alt={alt} />;
    case "audio":
      return (
        <span className="cm-result__sound">
          <AudioLines size={28} strokeWidth={1.7} aria-hidden />
          <span className="cm-result__name">{nameOf(output)}</span>
        </span>
      );
    default:
      return <span className="cm-result__text">{output.text}</span>;
  }
}

function Film({ output, thumbnail, alt }: { output: Output; thumbnail: Media; alt: string }) {
  const film = useMedia(thumbnail.src === undefined ? output.url : undefined);
  return (
    <>
      {thumbnail.src === undefined ? (
        <video {...film} aria-label={alt} muted playsInline preload="metadata" tabIndex={-1} />
      ) : (
        <img {...thumbnail} alt={alt} loading="lazy" decoding="async" draggable={false} />
      )}
      <span className="cm-result__play">
        <Play size={14} strokeWidth={1.7} aria-hidden />
      </span>
    </>
  );
}
