const MAC = /Mac|iPhone|iPad|iPod/;

/** Whether the main modifier is `⌘`. */
export function isMac(platform = globalThis.navigator?.platform ?? ""): boolean {
  return MAC.test(platform);
}

/** How a key is written here: "Ctrl K" is "⌘ K" on a Mac. */
export function keyName(key: string, mac = isMac()): string {
  return mac ? key.replace(/\bCtrl\b/g, "⌘").replace(/\bShift\b/g, "⇧").replace(/\bAlt\b/g, "⌥") : key;
}
