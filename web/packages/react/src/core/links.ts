/** Addresses of files. Those of the monitor itself are relative; a bucket's are signed, differ in that, and end. */

/** A link that does not open so soon after the last one (ms) is no link that has ended: its file is gone. */
export const NO_SOONER = 5 * 60_000;

export function isSigned(path: string | undefined): boolean {
  return /^https?:/.test(path ?? "");
}

export function isSameFile(one: string | undefined, other: string | undefined): boolean {
  return one?.split("?")[0] === other?.split("?")[0];
}
