import { useSyncExternalStore } from "react";

const QUERY = "(max-width: 640px)";

/** Whether it is a phone, or as narrow as one. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(QUERY).matches);
}

function subscribe(listener: () => void): () => void {
  const media = matchMedia(QUERY);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
}
