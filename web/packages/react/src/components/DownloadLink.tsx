"use client";
import Download from "lucide-react/icons/download";
import { isSigned } from "../core/links.js";
import { useMonitor } from "../hooks/context.js";
import { useAsk } from "../hooks/useAsk.js";
import type { Output } from "../types/index.js";
import { Action } from "./Action.js";

/** Saves a result under its own name; nothing where it is not stored. */
export function DownloadLink({ output }: { output: Output }) {
  const client = useMonitor();
  const { asking, problem, ask } = useAsk();
  const { api } = client;
  const { url: path, originalFilename: name = "", status } = output;
  const address = path === undefined ? undefined : api.address(path);
  if (status !== "stored" || path === undefined || address === undefined) return null;
  const icon = <Download size={16} strokeWidth={1.7} aria-hidden />;
  // A link cannot send the token, and to another site it leads away from the page instead of saving anything.
  if (api.isGuarded(path) || isSigned(path)) {
    const save = () => ask("download", async () => saveAs(await client.bytes(path), name));
    return (
      <>
        <Action icon={icon} aria-disabled={asking !== undefined} onClick={save}>
          {asking === undefined ? "Download" : "Downloading"}
        </Action>
        {problem !== undefined && (
          <span className="cm-action__problem" role="alert" title={problem}>
            Not downloaded
          </span>
        )}
      </>
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
