/** The fake ComfyUI (`crates/testkit/examples/fake_comfy`) as a process that does what a test tells it. */
import { programs } from "./programs.js";
import { Process } from "./process.js";

export interface NodePlan {
  lastsMs?: number;
  steps?: number;
  /** Stands still after this step until it is released. */
  heldAt?: number;
  parallel?: boolean;
  cached?: boolean;
  /** Out of memory, unless it has an exception. */
  fails?: { exception?: string; message?: string; atStep?: number; times?: number };
  children?: { name: string; class: string; rule?: NodePlan }[];
}

/** How it is to be. */
export interface Plan {
  /** 0, as fast as possible, unless told. */
  speed?: number;
  /** Folders in `fixtures/tapes`. */
  tapes?: string[];
  /** Judge graphs by these classes, as ComfyUI does. */
  validate?: string[];
  script?: { nodes?: Record<string, NodePlan>; classes?: Record<string, NodePlan>; caching?: boolean; pace?: number };
}

export interface FakeState {
  alive: boolean;
  running: string | null;
  held: boolean;
  pending: string[];
  history: string[];
  sockets: number;
}

type Command =
  | { do: "release" | "kill" | "restart" | "cutSockets" | "stall" | "resume" | "state" | "submitted" }
  | { do: "refuse"; times: number }
  | { do: "locked"; on: boolean }
  | { do: "submit"; body: object }
  | { do: "push"; message: object }
  | { do: "wait"; until: "held" | "running" | "idle" | "heard" };

export class Fake {
  private constructor(private readonly process: Process, readonly url: string) {}

  static async start(plan: Plan = {}): Promise<Fake> {
    const process = new Process(programs.fake, []);
    process.tell(JSON.stringify(plan));
    const { url } = JSON.parse(await process.hear()) as { url: string };
    return new Fake(process, url);
  }

  /** One at a time: an answer follows its command. */
  async order(command: Command): Promise<FakeState> {
    this.process.tell(JSON.stringify(command));
    const answer = JSON.parse(await this.process.hear()) as FakeState & { error?: string };
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  release = () => this.order({ do: "release" });
  kill = () => this.order({ do: "kill" });
  restart = () => this.order({ do: "restart" });
  held = () => this.order({ do: "wait", until: "held" });
  idle = () => this.order({ do: "wait", until: "idle" });

  async end(): Promise<void> {
    await this.process.end("SIGTERM");
  }
}
