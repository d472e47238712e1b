/** The loudest of each of `bars` stretches of a sound, 0 to 1, the loudest of all being 1. */
export function peaksOf(samples: ArrayLike<number>, bars: number): number[] {
  const stretch = samples.length / bars;
  const peaks = Array.from({ length: bars }, (_, bar) => {
    let peak = 0;
    const end = Math.floor((bar + 1) * stretch);
    // A few thousand samples a bar would be looked at for nothing.
    const step = Math.max(1, Math.floor(stretch / 400));
    for (let at = Math.floor(bar * stretch); at < end; at += step) peak = Math.max(peak, Math.abs(samples[at] ?? 0));
    return peak;
  });
  const most = Math.max(...peaks, 1e-6);
  return peaks.map((peak) => Math.min(1, peak / most));
}
