import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { tell } from "../toasts/toasts.js";
import { IconButton } from "./Button.js";
import { copy } from "./clipboard.js";

const TICK_FOR = 1200;

/** Copies; its icon turns to a tick for 1.2 s. */
export function CopyButton({ text, label }: { text: string | (() => string); label: string }) {
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) return;
    const timer = setTimeout(() => setCopied(0), TICK_FOR);
    return () => clearTimeout(timer);
  }, [copied]);
  const onClick = async () => {
    const done = await copy(typeof text === "string" ? text : text());
    if (done) setCopied((times) => times + 1);
    else tell({ tone: "failed", title: "Nothing was copied", text: "This browser does not let the page copy" });
  };
  return (
    <>
      <IconButton label={label} icon={copied ? <Check /> : <Copy />} onClick={() => void onClick()} />
      <span className="visually-hidden" role="status">{copied ? "Copied" : ""}</span>
    </>
  );
}
