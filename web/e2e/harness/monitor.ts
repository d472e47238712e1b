/** The real binary as a process, with a data folder of its own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, plainEnvironment, Process } from "./process.js";
import { programs } from "./programs.js";

export interface Server {
  id: string;
  url: string;
}

export interface MonitorOptions {
  servers?: Server[];
  demo?: boolean;
  /** More of the configuration, as TOML; retries are off unless it speaks of them. */
  settings?: string;
  token?: string;
}

export class Monitor {
  private process!: Process;
  private address = "127.0.0.1:0";
  /** Of all its lives. */
  private readonly before: string[] = [];

  private constructor(private readonly folder: string, private readonly options: MonitorOptions) {}

  static async start(options: MonitorOptions): Promise<Monitor> {
    const folder = await mkdtemp(join(tmpdir(), "monitor-e2e-"));
    const servers = (options.servers ?? []).map(({ id, url }) => `[[instance]]\nid = "${id}"\nname = "${id}"\nurl = "${url}"\n`);
    const settings = options.settings ?? "";
    const retries = settings.includes("retry") ? "" : "[retry]\nenabled = false\n";
    await writeFile(join(folder, "comfyui-monitor.toml"), [retries, settings, ...servers].join("\n"));
    const monitor = new Monitor(folder, options);
    await monitor.launch();
    return monitor;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  get log(): string[] {
    return [...this.before, ...this.process.log];
  }

  private async launch(): Promise<void> {
    const env = plainEnvironment();
    if (this.options.token) env.COMFYUI_MONITOR_TOKEN = this.options.token;
    const args = ["serve", "--listen", this.address, "--data-dir", join(this.folder, "data")];
    if (this.options.demo) args.push("--demo");
    this.process = new Process(programs.monitor, args, { cwd: this.folder, env });
    const line = await eventually("the monitor's address", () => {
      if (this.process.hasEnded) throw new Error(`the monitor ended at once: ${this.process.log.join("\n")}`);
      return this.process.log.find((line) => line.startsWith("ComfyUI Monitor "));
    });
    this.address = line.split("http://")[1] ?? "";
  }

  /** `kill -9`. */
  async crash(): Promise<void> {
    await this.process.end("SIGKILL");
  }

  /** On the same address, with the same data. */
  async restart(): Promise<void> {
    await this.process.end("SIGKILL");
    this.before.push(...this.process.log);
    await this.launch();
  }

  /** Stops it as a service manager does; what it says of itself must be good, but for what is expected. */
  async end(expected: readonly RegExp[]): Promise<string[]> {
    const crashed = this.process.hasEnded;
    const code = await this.process.end("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
    const loud = this.log.filter((line) => / WARN |ERROR |panicked/.test(line) && !expected.some((part) => part.test(line)));
    if (!crashed && code !== 0) loud.push(`the monitor ended with ${code}`);
    return loud;
  }

  async get<T>(path: string): Promise<T> {
    const headers: Record<string, string> = this.options.token ? { authorization: `Bearer ${this.options.token}` } : {};
    const response = await fetch(this.url + path, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** What is at a path, once it is as wanted. */
  async when<T>(path: string, wanted: (value: T) => boolean): Promise<T> {
    return eventually(`${path} to be as wanted`, async () => {
      const value = await this.get<T>(path);
      return wanted(value) ? value : undefined;
    });
  }

  /** Until it hears its servers. */
  async connected(): Promise<void> {
    await this.when<{ items: { state: string }[] }>("/v1/instances", ({ items }) => items.every((item) => item.state === "connected"));
  }

  /** Hands it a workflow as a program would. Gives the queue id. */
  async submit(body: object): Promise<string> {
    const response = await fetch(`${this.url}/v1/generations`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { queueId: string };
    if (response.status !== 201) throw new Error(`not taken: ${response.status} ${JSON.stringify(answer)}`);
    return answer.queueId;
  }

  generation(queueId: string): Promise<Generation> {
    return this.get(`/v1/generations/${queueId}`);
  }

  ended(queueId: string): Promise<Generation> {
    const ends = ["completed", "failed", "interrupted"];
    return this.when(`/v1/generations/${queueId}`, (generation: Generation) => ends.includes(generation.status));
  }
}

/** What tests look at of one. */
export interface Generation {
  queueId: string;
  promptId: string;
  title: string;
  status: string;
  overallPercentage: number;
  retryCount: number;
  attempts: { promptId: string; status: string }[];
  outputs: { status: string; url?: string }[];
  nodes: { nodeId: string; title: string; state: string }[];
}
