import { useMonitor } from "@comfyui-monitor/react";
import { useEffect, useState, useSyncExternalStore } from "react";

/** The newest preview of a job that runs, as an address to show; `undefined` until there is one. */
export function useLiveThumbnail(queueId: string): string | undefined {
  const client = useMonitor();
  useEffect(() => client.watch(queueId, { previews: true }), [client, queueId]);
  const { subscribe, getSnapshot } = client.preview(queueId);
  const preview = useSyncExternalStore(subscribe, getSnapshot);
  const [url, setUrl] = useState<string | undefined>();
  useEffect(() => {
    if (!preview) return setUrl(undefined);
    const picture = new Blob([preview.image as Uint8Array<ArrayBuffer>], { type: preview.header.contentType });
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [preview]);
  return url;
}
