/** As much of a WebSocket server (RFC 6455) as a feed needs: text in whole frames. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class ServedSocket {
  private unread: Buffer = Buffer.alloc(0);

  constructor(request: IncomingMessage, private readonly stream: Duplex, private readonly hear: (text: string) => void) {
    const key = request.headers["sec-websocket-key"];
    // Of the subprotocols that were offered one is taken, or a browser hangs up.
    const [offered] = request.headers["sec-websocket-protocol"]?.split(",") ?? [];
    const protocol = offered === undefined ? "" : `Sec-WebSocket-Protocol: ${offered.trim()}\r\n`;
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol}\r\n`);
    stream.on("data", (bytes: Buffer) => this.read(bytes));
    stream.on("error", () => stream.destroy());
  }

  get isOpen(): boolean {
    return this.stream.writable;
  }

  /** Bytes that the reader has not taken yet. */
  get backlog(): number {
    return this.stream.writableLength;
  }

  send(text: string): void {
    this.write(TEXT, Buffer.from(text));
  }

  /** Ends it as a server does. */
  close(code: number): void {
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    this.write(CLOSE, body);
  }

  private write(kind: number, body: Buffer): void {
    if (!this.isOpen) return;
    const head = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
    head[0] = 0x80 | kind;
    if (head.length === 2) head[1] = body.length;
    else if (head.length === 4) head.writeUInt16BE(body.length, 2);
    else head.writeBigUInt64BE(BigInt(body.length), 2);
    if (head.length > 2) head[1] = head.length === 4 ? 126 : 127;
    this.stream.write(Buffer.concat([head, body]));
  }

  /** What a browser sends is short and masked. */
  private read(bytes: Buffer): void {
    this.unread = Buffer.concat([this.unread, bytes]);
    while (this.unread.length >= 6) {
      const short = (this.unread[1] ?? 0) & 0x7f;
      const at = short === 126 ? 4 : 2;
      if (short === 127) return void this.stream.destroy();
      const length = short === 126 ? this.unread.readUInt16BE(2) : short;
      if (this.unread.length < at + 4 + length) return;
      const mask = this.unread.subarray(at, at + 4);
      const body = this.unread.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      const kind = (this.unread[0] ?? 0) & 0x0f;
      this.unread = this.unread.subarray(at + 4 + length);
      if (kind === TEXT) this.hear(Buffer.from(body).toString());
      if (kind === PING) this.write(PONG, Buffer.from(body));
      if (kind === CLOSE) return void this.stream.end();
    }
  }
}
