import type { Preview } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";

/** The address of a preview's picture in this page; let go of when the next one is there. */
export function usePicture(preview: Preview | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!preview || !SHOWN.has(preview.header.contentType)) return setUrl(undefined);
    const fresh = URL.createObjectURL(new Blob([preview.image], { type: preview.header.contentType }));
    setUrl(fresh);
    // What was shown stays until the new one is decoded.
    return () => void setTimeout(() => URL.revokeObjectURL(fresh), 1_000);
  }, [preview]);
  return url;
}

/** What may be shown as a picture, whatever was sent: nothing that can carry a script. */
const SHOWN = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);
