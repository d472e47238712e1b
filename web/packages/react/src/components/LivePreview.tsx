"use client";
import { useState } from "react";
import type { Preview } from "../core/frames.js";
import type { JobState } from "../core/reducer.js";
import { useMedia } from "../hooks/useMedia.js";
import { usePictures, type Picture } from "../hooks/usePicture.js";
import { emptyFrame, mainOutput, previewCaption } from "../words/index.js";
import { EdgeLight } from "./EdgeLight.js";
import { OutputMedia } from "./OutputMedia.js";

export interface LivePreviewProps {
  state: JobState;
  preview: Preview | undefined;
  /** The last result of this tab, behind what has no preview yet. */
  before?: string | undefined;
  /** What is shown is of an earlier moment: there is no connection. */
  offline?: boolean;
  className?: string;
}

/** The picture being made, with its edge light; the result when it is done. */
export function LivePreview({ state, preview, before, offline = false, className = "" }: LivePreviewProps) {
  const { generation } = state;
  const live = useHeld(preview, generation?.promptId);
  const isOn = generation?.status === "processing";
  const result = generation?.status === "completed" || (isOn && !live) ? mainOutput(generation.outputs) : undefined;
  const isSilent = generation?.stalledSince !== undefined;
  const percentage = generation?.overallPercentage ?? 0;
  return (
    <div className={`cm-preview${isSilent ? " cm-silent" : ""}${offline ? " cm-offline" : ""} ${className}`}>
      <EdgeLight percentage={percentage} lit={isOn} radius={16}>
        <div className="cm-preview__frame">
          {result ? (
            <OutputMedia output={result} alt={generation?.title ?? ""} />
          ) : live ? (
            <LivePicture preview={live} />
          ) : (
            <Empty before={before} says={emptyFrame(state)} />
          )}
          {!result && live && <span className="cm-preview__caption">{previewCaption(live.header)}</span>}
        </div>
      </EdgeLight>
    </div>
  );
}

/** As `--cm-fade` in the stylesheet. */
const FADE = 160;

/** The newest preview, faded in over the one before it. */
export function LivePicture({ preview }: { preview: Preview }) {
  const { layers, ready } = usePictures(preview, FADE);
  return layers.map((picture, at) => <Layer key={picture.url} picture={picture} under={at === 0} ready={ready} />);
}

function Layer({ picture, under, ready }: { picture: Picture; under: boolean; ready: (picture: Picture) => void }) {
  const [shown, setShown] = useState(false);
  const show = () => {
    setShown(true);
    ready(picture);
  };
  const classes = `cm-preview__layer${shown ? " cm-preview__layer--shown" : ""}${under ? " cm-preview__layer--under" : ""}`;
  return <img className={classes} src={picture.url} alt="" aria-hidden draggable={false} onLoad={show} />;
}

function Empty({ before, says }: { before: string | undefined; says: string }) {
  const media = useMedia(before);
  return (
    <>
      {media.src !== undefined && <img className="cm-preview__before" {...media} alt="" aria-hidden />}
      <p className="cm-preview__says">{says}</p>
    </>
  );
}

/** The newest preview of this attempt, also while no node runs: between two nodes there is none for a moment. */
function useHeld(preview: Preview | undefined, attempt: string | undefined): Preview | undefined {
  const [held, hold] = useState<{ preview: Preview | undefined; attempt: string | undefined }>({ preview, attempt });
  if (held.attempt !== attempt || (preview && held.preview !== preview)) hold({ preview, attempt });
  return held.attempt === attempt ? (preview ?? held.preview) : preview;
}
