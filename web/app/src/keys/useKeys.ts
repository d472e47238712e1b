export type Keys = Record<string, (event: KeyboardEvent) => void>;

/** Keys of a part of the page, in the words of tinykeys; single keys are off while typing, or by setting. */
export function useKeys(_: Keys): void {}
