"use client";
import Download from "lucide-react/icons/download";
import { useMonitor } from "../hooks/context.js";
import type { Output } from "../types/index.js";
import { Action } from "./Action.js";

/** Saves a result under its own name; nothing where it is not stored. */
export function DownloadLink({ output }: { output: Output }) {
  const { api } = useMonitor();
  const { url: path, originalFilename: name = "", status } = output;
  const address = path === undefined ? undefined : api.address(path);
  if (status !== "stored" || path === undefined || address === undefined) return null;
  const icon = <Download size={16} strokeWidth={1.7} aria-hidden />;
  if (api.isGuarded(path)) {
    // A link cannot send the token.
    const save = () => void api.bytes(path).then((bytes) => saveAs(bytes, name), () => {});
    return (
      <Action icon={icon} onClick={save}>
        Download
      </Action>
    );
  }
  return (
    <a className="cm-action cm-action--secondary" href={address} download={name} rel="noreferrer">
      {icon}
      <span className="cm-action__word">Download</span>
    </a>
  );
}

function saveAs(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has the blob once the click is handled.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
