import type { Generation } from "@comfyui-monitor/react";
import { Ban, Copy, Check, RotateCw } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "../../controls/Button.js";
import { copy } from "../../controls/clipboard.js";
import { useJobActions } from "../../jobs/actions.js";
import { tell } from "../../toasts/toasts.js";
import { WorkflowMenu } from "./WorkflowMenu.js";

export interface TopActionsProps {
  generation: Generation;
  /** Of the attempt that is shown: its graph is the one to take. */
  promptId: string;
  /** What failed says elsewhere what to do about it. */
  hasOffers: boolean;
}

/** Copy link, the workflow, and Cancel or Run again. */
export function TopActions({ generation, promptId, hasOffers }: TopActionsProps) {
  const { cancel, runAgain, cancelling } = useJobActions();
  const isOver = generation.status !== "pending" && generation.status !== "processing";
  const isCancelling = cancelling.has(generation.queueId);
  return (
    <>
      <CopyLink />
      <WorkflowMenu promptId={promptId} title={generation.title} />
      {!isOver && (
        <Button icon={<Ban />} disabled={isCancelling} title="c" onClick={() => cancel([generation])}>
          {isCancelling ? "Cancelling" : generation.retry ? "Stop retrying" : "Cancel"}
        </Button>
      )}
      {isOver && !hasOffers && <Button icon={<RotateCw />} title="r" onClick={() => runAgain([generation])}>Run again</Button>}
    </>
  );
}

function CopyLink() {
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) return;
    const timer = setTimeout(() => setCopied(0), 1_200);
    return () => clearTimeout(timer);
  }, [copied]);
  const onClick = async () => {
    if (await copy(location.href)) setCopied((times) => times + 1);
    else tell({ tone: "failed", title: "Nothing was copied", text: "This browser does not let the page copy" });
  };
  return (
    <>
      <Button variant="quiet" icon={copied ? <Check /> : <Copy />} onClick={() => void onClick()}>Copy link</Button>
      <span className="visually-hidden" role="status">{copied ? "Copied" : ""}</span>
    </>
  );
}
