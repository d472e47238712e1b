/** A name that every file system takes: `Lighthouse at dusk.json`. */
export function fileNameOf(title: string): string {
  const bare = title
    .normalize()
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]+/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^\.+|[. ]+$/g, "");
  const short = [...bare].slice(0, 80).join("").trim();
  return `${short || "workflow"}.json`;
}
