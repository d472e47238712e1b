"use client";
import { useEffect, useState } from "react";
import { useMonitor } from "./context.js";
import { useLink } from "./useLink.js";

/** What an `<img>`, `<video>` or `<audio>` of a result is given. */
export interface Media {
  /** `undefined` while there is none. */
  src: string | undefined;
  onError: () => void;
}

/**
 * The address of a result. Where the monitor wants a token the bytes are fetched with it, since an element cannot send
 * one; where it gives signed links, one that has ended is renewed.
 */
export function useMedia(newest: string | undefined): Media {
  const { api } = useMonitor();
  const { path, onEnded } = useLink(newest);
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
  const own = held?.path === path ? held?.url : undefined;
  return { src: path === undefined || guarded ? own : api.address(path), onError: onEnded };
}
