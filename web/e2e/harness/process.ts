/** A child process, line by line. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";

/** Longer than anything takes, also on a machine that does much else. */
export const PATIENCE = 30_000;

/** Looks again and again until it is there, but not for ever. */
export async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await after(20);
  }
}

/** The environment of this process without what would configure a child. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const isOurs = (name: string) => name.includes("COMFYUI") || name.startsWith("AWS_") || name === "RUST_LOG";
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
}

export class Process {
  /** What it said on its standard error so far. */
  readonly log: string[] = [];
  private readonly said: string[] = [];
  private readonly waiting: ((line: string) => void)[] = [];
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor(program: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    this.child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    this.child.on("error", (error) => this.log.push(`ERROR cannot start ${program}: ${error.message}`));
    createInterface(this.child.stderr).on("line", (line) => this.log.push(line));
    createInterface(this.child.stdout).on("line", (line) => {
      const waiting = this.waiting.shift();
      if (waiting) waiting(line);
      else this.said.push(line);
    });
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined;
  }

  tell(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** The next line of its standard output. */
  hear(): Promise<string> {
    const line = this.said.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer; its log: ${this.log.join("\n")}`)), PATIENCE);
      this.waiting.push((line) => {
        clearTimeout(timer);
        resolve(line);
      });
    });
  }

  /** Ends its standard input and waits until it has ended by itself. */
  async finish(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, "exit");
    this.child.stdin.end();
    await ended;
  }

  /** Ends it, and waits until it has. Gives its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.hasEnded) {
      const ended = once(this.child, "exit");
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode;
  }
}
