// The connection: HTTP for what is asked, one WebSocket for what happens. It comes back by itself; a snapshot is always
// enough, so nothing is remembered over a reconnect but what to follow.

const TOKEN = "comfyui-monitor-token";
const WAITS = [500, 1000, 2000, 4000, 8000];

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => sessionStorage.setItem(TOKEN, text),
};

export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title || "something failed");
    this.status = document.status;
    this.nodeErrors = document.nodeErrors || [];
    this.queueId = document.queueId;
  }
}

// Answers as JSON, or throws a Problem.
export async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  if (token.get()) headers.set("Authorization", `Bearer ${token.get()}`);
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return options.blob ? response.blob() : response.json().catch(() => null);
  throw new Problem(await response.json().catch(() => ({ status: response.status, title: response.statusText })));
}

// Where an output can be shown from: with a token the browser cannot ask for it by itself.
const blobs = new Map();
const BLOBS = 200;
export async function shownAt(url) {
  if (!token.get()) return url;
  if (!blobs.has(url)) {
    if (blobs.size >= BLOBS) {
      const [oldest, blob] = blobs.entries().next().value;
      blobs.delete(oldest);
      blob.then(URL.revokeObjectURL, () => {});
    }
    blobs.set(url, ask(url, { blob: true }).then(URL.createObjectURL));
  }
  return blobs.get(url);
}

export class Live {
  // hear(frame); see(header, image); tell(state, again in ms); locked() when the token is wanted.
  constructor({ hear, see, tell, locked }) {
    Object.assign(this, { hear, see, tell, locked, topics: new Set(["*"]), tries: 0, timer: 0 });
    // A laptop that wakes up should not wait for a timer.
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.socket || this.now());
  }

  now() {
    if (this.socket) return;
    clearTimeout(this.timer);
    this.connect();
  }

  async connect() {
    this.socket = "opening";
    try {
      // Tells a wrong token from an absent server, which a WebSocket does not.
      await ask("/v1/instances");
    } catch (problem) {
      this.socket = null;
      return problem.status === 401 ? this.locked() : this.later();
    }
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`;
    const socket = new WebSocket(url, token.get() ? [`cm.token.${token.get()}`] : []);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.tries = 0;
      this.tell("live");
      this.topics.forEach((topic) => this.say("subscribe", topic));
    };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.hear(JSON.parse(data)) : this.preview(data));
    socket.onclose = () => {
      if (this.socket === socket) {
        this.socket = null;
        this.later();
      }
    };
  }

  // u32 big endian length, JSON of that length, image.
  preview(data) {
    const length = new DataView(data).getUint32(0);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.see(header, new Blob([new Uint8Array(data, 4 + length)], { type: header.contentType }));
  }

  later() {
    const wait = WAITS[Math.min(this.tries, WAITS.length - 1)] * (0.75 + Math.random() / 2);
    this.tries += 1;
    this.tell(this.tries > 1 ? "offline" : "reconnecting", wait);
    this.timer = setTimeout(() => this.now(), wait);
  }

  say(action, queueId) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ action, data: { queueId, previews: queueId !== "*" } }));
  }

  follow(topic) {
    this.topics.add(topic);
    this.say("subscribe", topic);
  }

  leave(topic) {
    this.topics.delete(topic);
    this.say("unsubscribe", topic);
  }
}
