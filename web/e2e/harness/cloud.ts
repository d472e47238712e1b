/** The whole line in an emulator of AWS: the real template, functions and monitor; only ComfyUI is a fake. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Fake } from "./fake.js";
import { eventually, plainEnvironment, Process } from "./process.js";
import { programs } from "./programs.js";

export const INSTANCE = "gpu-1";

/** The shell ends the emulator and its functions when its standard input ends, which it does with us. */
const GUARDED = `setsid "$0" >"$1/log" 2>&1 </dev/null & pid=$!; cat >/dev/null; kill -KILL "-$pid"; wait $pid 2>/dev/null; true`;

const PACK = `import sys, zipfile
info = zipfile.ZipInfo("bootstrap"); info.external_attr = 0o755 << 16; info.compress_type = zipfile.ZIP_DEFLATED
zipfile.ZipFile(sys.argv[1], "w").writestr(info, open(sys.argv[2], "rb").read(), compresslevel=1)`;

const CLIENT = `import boto3, json, os
from botocore.config import Config
made = json.loads(os.environ["MADE"])
def client(name): return boto3.client(name, region_name=made["Region"], config=Config(s3={"addressing_style": "path"}))
`;

/** Of somebody who has the rights of this instance's monitor and no others. */
const MONITOR_KEYS = `iam = client("iam"); iam.create_user(UserName="monitor")
arn = next(value for name, value in made.items() if name.startswith("MonitorPolicy"))
iam.attach_user_policy(UserName="monitor", PolicyArn=arn)
key = iam.create_access_key(UserName="monitor")["AccessKey"]
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))`;

/** What functions logged that is no good news, and what was given up. */
const COMPLAINTS = `logs = client("logs"); sqs = client("sqs"); told = []
for group in logs.describe_log_groups()["logGroups"]:
    for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]:
        if any(word in event["message"] for word in ('"WARN"', '"ERROR"', "panicked")): told.append(event["message"])
for name in ("UndeliveredQueueUrl", "FailedQueueUrl", "UndoneCommandsQueueUrl"):
    left = sqs.get_queue_attributes(QueueUrl=made[name], AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    if left["ApproximateNumberOfMessages"] != "0": told.append(f"{name}: {left}")
print(json.dumps(told))`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export class EmulatedCloud {
  /** The outputs of the stack. */
  private made: Record<string, string> = {};
  private monitor: Process | undefined;

  private constructor(private readonly folder: string, private readonly url: string, private readonly emulator: Process) {}

  /** With the functions deployed, for a page of this origin. */
  static async start(page: string): Promise<EmulatedCloud> {
    const folder = await mkdtemp(join(tmpdir(), "cloud-"));
    await mkdir(join(folder, "tmp"));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = {
      ...plainEnvironment(),
      ...{ GATEWAY_PORT: String(port), BIND_HOST: "127.0.0.1", MINISTACK_HOST: "127.0.0.1", AWS_ENDPOINT_URL: url },
      ...{ SFTP_ENABLED: "0", IOT_MTLS_ENABLED: "0", AUTH: "true" },
      ...{ TMPDIR: join(folder, "tmp"), STATE_DIR: join(folder, "state"), S3_DATA_DIR: join(folder, "s3") },
    };
    const emulator = new Process("sh", ["-c", GUARDED, programs.awsTool("ministack"), folder], { env });
    const cloud = new EmulatedCloud(folder, url, emulator);
    try {
      await eventually("the emulator of AWS", () => fetch(`${url}/_ministack/health`).then(({ ok }) => ok || undefined, () => undefined));
      await cloud.deploy(page);
      return cloud;
    } catch (error) {
      await cloud.end();
      throw error;
    }
  }

  /** What the page is told. */
  get addresses(): { apiUrl: string; websocketApiEndpoint: string } {
    return { apiUrl: this.output("HttpApiUrl"), websocketApiEndpoint: this.output("WebSocketUrl") };
  }

  private output(name: string): string {
    const value = this.made[name];
    if (!value) throw new Error(`the stack has no output ${name}: ${JSON.stringify(this.made)}`);
    return value;
  }

  private async python(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_ENDPOINT_URL: this.url };
    const { stdout } = await promisify(execFile)(programs.awsTool("python"), args, { env: { ...plainEnvironment(), ...keys, ...env } });
    return stdout;
  }

  private async ask<T>(script: string): Promise<T> {
    return JSON.parse(await this.python(["-c", CLIENT + script], { MADE: JSON.stringify(this.made) })) as T;
  }

  private async deploy(page: string): Promise<void> {
    const zip = join(this.folder, "functions.zip");
    await this.python(["-c", PACK, zip, programs.functions]);
    // Without a token: a browser gives up a socket whose subprotocol is not answered, which the emulator does not do.
    const set = ["--open", "--set", `AllowedOrigins=${page}`, "LogLevel=warn"];
    this.made = JSON.parse(await this.python([programs.deploy, "--emulator", this.url, "--zip", zip, "--instances", INSTANCE, ...set])) as Record<string, string>;
  }

  /** Puts a monitor beside this ComfyUI, as a pod has it, and waits until it is known to be there. */
  async watch(fake: Fake): Promise<void> {
    const [id, secret] = await this.ask<[string, string]>(MONITOR_KEYS);
    const env = {
      ...plainEnvironment(),
      ...{ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL: this.url, AWS_REGION: this.output("Region") },
      EVENTBRIDGE_BUS_NAME: this.output("BusName"),
      WEBSOCKET_API_ENDPOINT: this.output("WebSocketApiEndpoint"),
      COMFYUI_MONITOR_AWS_TABLE: this.output("TableName"),
      COMFYUI_MONITOR_AWS_BUCKET: this.output("BucketName"),
      COMFYUI_MONITOR_RETRY_ENABLED: "false",
    };
    const args = ["monitor", "--bus", "eventbridge", "--id", INSTANCE, "--comfyui", fake.url, "--data-dir", join(this.folder, "monitor")];
    this.monitor = new Process(programs.monitor, args, { cwd: this.folder, env });
    await eventually("the instance to be connected", async () => {
      if (this.monitor?.hasEnded) throw new Error(`the monitor ended at once: ${this.monitor.log.join("\n")}`);
      const { items } = await this.get<{ items: { state: string }[] }>("/v1/instances");
      return items.some(({ state }) => state === "connected") || undefined;
    });
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.output("HttpApiUrl") + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Stops the monitor as a service manager does. Gives what it and the functions complained of. */
  async complaints(): Promise<string[]> {
    const code = await this.monitor?.end("SIGTERM");
    const loud = (this.monitor?.log ?? []).filter((line) => / WARN |ERROR |panicked/.test(line));
    if (code) loud.push(`the monitor ended with ${code}`);
    return [...loud, ...(await this.ask<string[]>(COMPLAINTS))];
  }

  async end(): Promise<void> {
    await this.monitor?.end("SIGKILL");
    await this.emulator.finish();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
