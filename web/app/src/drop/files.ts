/** Kinds of files that can carry a workflow. */
const TYPES = new Set(["application/json", "image/png", "image/webp"]);
const ENDINGS = /\.(json|png|webp)$/i;

export function mayCarryWorkflow({ type, name }: Pick<File, "type" | "name">): boolean {
  return TYPES.has(type) || ENDINGS.test(name);
}

/** The first file that may carry a workflow. */
export function firstOf(files: Iterable<File>): File | undefined {
  return [...files].find(mayCarryWorkflow);
}

/** Pasted text as a file, where it is a JSON object. */
export function jsonFile(text: string): File | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return new File([text], "pasted.json", { type: "application/json" });
}
