"use client";
import { useEffect, useState } from "react";
import { useMonitor } from "./context.js";

/**
 * The address of a result, for an `<img>` or `<video>`; `undefined` while there is none. Where the monitor wants a
 * token the bytes are fetched with it, since an element cannot send one.
 */
export function useMedia(path: string | undefined): string | undefined {
  const { api } = useMonitor();
  const guarded = path !== undefined && api.isGuarded(path);
  const [held, hold] = useState<{ path: string; url: string } | undefined>();
  useEffect(() => {
    if (!guarded) return;
    const stop = new AbortController();
    let url: string | undefined;
    api.bytes(path, stop.signal).then(
      (blob) => {
        if (stop.signal.aborted) return;
        url = URL.createObjectURL(blob);
        hold({ path, url });
      },
      // It stays as if it were on its way; the download link tells more.
      () => {},
    );
    return () => {
      stop.abort();
      hold(undefined);
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [api, guarded, path]);
  if (path === undefined) return undefined;
  return guarded ? (held?.path === path ? held.url : undefined) : api.address(path);
}
