/** One call of a Python traceback. */
export interface Call {
  /** Relative to ComfyUI, or to where packages are. */
  path: string;
  line: number;
  inside: string;
  code: string | undefined;
}

const CALL = /^\s*File "(.*)", line (\d+), in (.*)$/;
const PACKAGES = /^.*?\/(?:site|dist)-packages\//;
const LIBRARY = /^.*?\/lib\/python[\d.]+\//;

/** The last call first. `rest`: lines that are of no call, as they are. */
export function readTraceback(traceback: readonly string[]): { calls: Call[]; rest: string[] } {
  const calls: Call[] = [];
  const rest: string[] = [];
  for (const line of traceback.join("\n").split("\n")) {
    const [, path, number, inside] = CALL.exec(line) ?? [];
    const last = calls.at(-1);
    const text = line.trim();
    if (path !== undefined) calls.push({ path: path.replaceAll("\\", "/"), line: Number(number), inside: inside?.trim() ?? "", code: undefined });
    else if (text === "" || /^[~^\s]+$/.test(text) || text === "Traceback (most recent call last):") continue;
    else if (last && last.code === undefined && /^\s/.test(line)) last.code = text;
    else rest.push(text);
  }
  const home = calls.map(({ path }) => /^(.*\/)execution\.py$/.exec(path)?.[1]).find((folder) => folder !== undefined);
  return { calls: calls.map((call) => ({ ...call, path: relative(call.path, home) })).reverse(), rest };
}

function relative(path: string, home: string | undefined): string {
  for (const root of [PACKAGES, LIBRARY]) if (root.test(path)) return path.replace(root, "");
  if (home !== undefined && path.startsWith(home)) return path.slice(home.length);
  const known = /\/((?:custom_nodes|comfy|comfy_extras|comfy_execution|comfy_api)\/.*|nodes\.py)$/.exec(path);
  return known?.[1] ?? path.replace(/^.*\/(?=[^/]+\/[^/]+$)/, "");
}
