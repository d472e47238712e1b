/** Whole, floor: 99.6 is 99; 100 only when it is done. */
export function wholePercent(percentage: number): number {
  return Math.floor(Math.min(100, Math.max(0, percentage || 0)));
}

/** `66%`. */
export function percent(percentage: number): string {
  return `${wholePercent(percentage)}%`;
}

/** Thin, and no place for a line to break. */
const THIN_SPACE = "\u202f";

/** `1 284`, with a thin space. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);
}

/** `1 node`, `1 284 nodes`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `once`, `twice`, `3 times`. */
export function times(value: number): string {
  return ["never", "once", "twice"][value] ?? `${count(value)} times`;
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(value: number): string {
  const teens = value % 100 >= 11 && value % 100 <= 13;
  return `${count(value)}${(!teens && ["th", "st", "nd", "rd"][value % 10]) || "th"}`;
}

/** `15/20 steps` of a sampler; of other nodes, which count other things, `45/100`. */
export function steps(value: number, max: number, kind = "sampler"): string {
  return `${count(value)}/${count(max)}${kind === "sampler" ? " steps" : ""}`;
}

/** Cards are sold in powers of two, so a card of "24 GB" reads 24. */
const GIGABYTE = 2 ** 30;

/** `18.2 of 24 GB`, from bytes. */
export function memory(usedBytes: number, totalBytes: number): string {
  return `${(usedBytes / GIGABYTE).toFixed(1)} of ${memorySize(totalBytes)}`;
}

/** `24 GB`, from bytes. */
export function memorySize(bytes: number): string {
  const size = bytes / GIGABYTE;
  return `${size >= 9.95 ? Math.round(size) : size.toFixed(1).replace(/\.0$/, "")} GB`;
}

/** `640 B`, `812 kB`, `4.2 MB`. */
export function fileSize(bytes: number): string {
  if (bytes < 999.5) return `${Math.round(bytes)} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1e3)} kB`;
  const [size, unit] = bytes < 999_500_000 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${size < 9.95 ? size.toFixed(1) : count(size)} ${unit}`;
}

/** `1024 × 1024`. */
export function pixels(width: number, height: number): string {
  return `${width} × ${height}`;
}
