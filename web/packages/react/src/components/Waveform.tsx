"use client";
import { useEffect, useState } from "react";
import { Problem } from "../core/problem.js";
import { peaksOf } from "../core/waveform.js";
import { useMonitor } from "../hooks/context.js";
import { useLink } from "../hooks/useLink.js";

const BARS = 96;
/** Longer sounds take more memory to read than a small drawing is worth (bytes). */
const MOST = 30_000_000;

/** The shape of a sound; a flat line until it is read, and of what cannot be. */
export function Waveform({ path, size }: { path: string | undefined; size: number | undefined }) {
  const peaks = usePeaks(size !== undefined && size > MOST ? undefined : path);
  return (
    <svg className="cm-wave" viewBox={`0 0 ${BARS * 4} 100`} preserveAspectRatio="none" aria-hidden>
      {(peaks ?? FLAT).map((peak, at) => (
        <rect key={at} x={at * 4} width={2.4} y={50 - Math.max(1, peak * 48)} height={Math.max(2, peak * 96)} rx={1} />
      ))}
    </svg>
  );
}

const FLAT = new Array<number>(BARS).fill(0);

function usePeaks(newest: string | undefined): number[] | undefined {
  const { api } = useMonitor();
  const { path, onEnded } = useLink(newest);
  const [peaks, setPeaks] = useState<number[] | undefined>();
  useEffect(() => {
    if (path === undefined || typeof OfflineAudioContext === "undefined") return;
    const stop = new AbortController();
    const read = async () => {
      const bytes = await (await api.bytes(path, stop.signal)).arrayBuffer();
      // Only to decode: nothing is played, so no gesture is needed.
      const sound = await new OfflineAudioContext(1, 1, 44_100).decodeAudioData(bytes);
      if (!stop.signal.aborted) setPeaks(peaksOf(sound.getChannelData(0), BARS));
    };
    read().catch((problem: unknown) => {
      if (problem instanceof Problem) onEnded();
    });
    return () => {
      stop.abort();
      setPeaks(undefined);
    };
  }, [api, path]);
  return peaks;
}
