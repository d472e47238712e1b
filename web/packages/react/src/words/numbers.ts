/** Whole, floor: 99.6 is 99; 100 only when it is done. */
export function wholePercent(percentage: number): number {
  return Math.floor(percentage);
}

/** `1 284`, with a thin space. */
export function count(value: number): string {
  return String(value);
}

/** `18.2 of 24 GB`, from bytes. */
export function memory(usedBytes: number, totalBytes: number): string {
  return `${usedBytes} of ${totalBytes}`;
}

/** `4.2 MB`. */
export function fileSize(bytes: number): string {
  return String(bytes);
}

/** `1024 × 1024`. */
export function pixels(width: number, height: number): string {
  return `${width} × ${height}`;
}
