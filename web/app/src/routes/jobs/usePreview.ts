import { useMonitor } from "@comfyui-monitor/react";
import { useEffect, useState } from "react";

/** Rows that are only scrolled past are not worth a subscription (ms). */
const DWELL = 400;
/** A picture of 32 px need not change more often (ms). */
const EVERY = 1_000;

/** The newest preview of a job that runs, as an address; only while it is `wanted`. */
export function usePreview(queueId: string, wanted: boolean): string | undefined {
  const client = useMonitor();
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!wanted) return;
    let stop = () => {};
    const dwell = setTimeout(() => {
      stop = shown(client.preview(queueId), setUrl);
      const unwatch = client.watch(queueId, { previews: true });
      const unshow = stop;
      stop = () => {
        unwatch();
        unshow();
      };
    }, DWELL);
    return () => {
      clearTimeout(dwell);
      stop();
    };
  }, [client, queueId, wanted]);
  return wanted ? url : undefined;
}

type Previews = ReturnType<ReturnType<typeof useMonitor>["preview"]>;

function shown(previews: Previews, show: (url: string | undefined) => void): () => void {
  let url: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const swap = () => {
    timer = undefined;
    const preview = previews.getSnapshot();
    // The last one stays until there is another, or the row has its result.
    if (!preview) return;
    const before = url;
    url = URL.createObjectURL(new Blob([preview.image], { type: preview.header.contentType }));
    show(url);
    if (before) URL.revokeObjectURL(before);
  };
  swap();
  const unsubscribe = previews.subscribe(() => (timer ??= setTimeout(swap, EVERY)));
  return () => {
    unsubscribe();
    clearTimeout(timer);
    show(undefined);
    if (url) URL.revokeObjectURL(url);
  };
}
