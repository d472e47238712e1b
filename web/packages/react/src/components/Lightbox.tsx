"use client";
import { useEffect, useRef, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import ChevronLeft from "lucide-react/icons/chevron-left";
import ChevronRight from "lucide-react/icons/chevron-right";
import X from "lucide-react/icons/x";
import type { Output } from "../types/index.js";
import { fileSize, pixels } from "../words/index.js";
import { Action, CopyAction } from "./Action.js";
import { DownloadLink } from "./DownloadLink.js";
import { OutputMedia, nameOf } from "./OutputMedia.js";

export interface LightboxProps {
  outputs: Output[];
  /** Which one is open; `undefined`: closed. */
  index: number | undefined;
  onIndex: (index: number | undefined) => void;
  title: string;
  seed?: string | undefined;
  nodeTitle?: (nodeId: string) => string | undefined;
  onUseInputs?: ((output: Output) => void) | undefined;
}

/** One result whole, with what made it. Arrows go to the others, Escape closes. */
export function Lightbox(props: LightboxProps) {
  const { outputs, index, onIndex, title } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const output = index === undefined ? undefined : outputs[index];
  const isOpen = output !== undefined;

  useEffect(() => {
    const box = dialog.current;
    if (!isOpen || !box) return;
    if (!box.open) box.showModal();
    return () => box.close();
  }, [isOpen]);

  if (index === undefined || !output) return null;
  const go = (to: number) => {
    if (to >= 0 && to < outputs.length) onIndex(to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Players seek with these, and long texts are scrolled.
    if (event.target instanceof HTMLMediaElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    go(index + step);
  };
  const onClick = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.matches(".cm-lightbox, .cm-lightbox__stage")) onIndex(undefined);
  };
  return (
    // Keys and clicks are heard here for what is in it; each has a button of its own.
    <dialog
      ref={dialog}
      className="cm-lightbox"
      aria-label={`${title}, ${index + 1} of ${outputs.length}`}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onCancel={(event) => {
        event.preventDefault();
        onIndex(undefined);
      }}
      // Told late: it may have been opened again meanwhile.
      onClose={(event) => event.currentTarget.open || onIndex(undefined)}
    >
      <div className="cm-lightbox__top">
        <span className="cm-lightbox__title" title={title}>
          {title}
        </span>
        {outputs.length > 1 && <span className="cm-lightbox__count">{`${index + 1} of ${outputs.length}`}</span>}
        <Step label="Close" onClick={() => onIndex(undefined)} icon={<X size={18} strokeWidth={1.7} aria-hidden />} />
      </div>
      <div className="cm-lightbox__stage">
        <OutputMedia key={output.mediaId} output={output} alt={props.seed === undefined ? title : `${title}, seed ${props.seed}`} />
        {outputs.length > 1 && (
          <>
            <Step label="Previous" side="left" disabled={index === 0} onClick={() => go(index - 1)} icon={<ChevronLeft size={20} strokeWidth={1.7} aria-hidden />} />
            <Step label="Next" side="right" disabled={index === outputs.length - 1} onClick={() => go(index + 1)} icon={<ChevronRight size={20} strokeWidth={1.7} aria-hidden />} />
          </>
        )}
      </div>
      <Facts {...props} output={output} />
    </dialog>
  );
}

function Facts({ output, seed, nodeTitle, onUseInputs }: LightboxProps & { output: Output }) {
  const { width, height, size, nodeId } = output;
  const facts = [
    width !== undefined && height !== undefined ? pixels(width, height) : size !== undefined ? fileSize(size) : nameOf(output),
    nodeTitle?.(nodeId) ?? `node ${nodeId}`,
    seed === undefined ? undefined : `seed ${seed}`,
  ].filter((fact) => fact !== undefined);
  return (
    <div className="cm-lightbox__foot">
      <span className="cm-lightbox__facts" title={facts.join(" · ")}>
        {facts.join(" · ")}
      </span>
      {output.kind === "text" && output.text !== undefined && <CopyAction text={() => output.text ?? ""}>Copy text</CopyAction>}
      {seed !== undefined && <CopyAction text={() => seed}>Copy seed</CopyAction>}
      {onUseInputs && (
        <Action variant="quiet" onClick={() => onUseInputs(output)}>
          Use these inputs
        </Action>
      )}
      <DownloadLink key={output.mediaId} output={output} />
    </div>
  );
}

interface StepProps {
  label: string;
  icon: ReactNode;
  side?: "left" | "right";
  disabled?: boolean;
  onClick: () => void;
}

function Step({ label, icon, side, disabled = false, onClick }: StepProps) {
  const classes = `cm-lightbox__step cm-focusable${side ? ` cm-lightbox__step--${side}` : ""}`;
  // Not `disabled`: the focus would be lost at the last one, and arrows with it.
  return (
    <button type="button" className={classes} aria-label={label} title={label} aria-disabled={disabled} onClick={onClick}>
      {icon}
    </button>
  );
}
