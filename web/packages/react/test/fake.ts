/** A WebSocket that tests open, speak through and close. */
export class FakeSocket {
  static all: FakeSocket[] = [];
  static newest(): FakeSocket {
    const newest = FakeSocket.all.at(-1);
    if (!newest) throw new Error("nobody has connected");
    return newest;
  }

  readyState = 0;
  binaryType = "blob";
  sent: Array<{ action: string; data: { queueId?: string; previews?: boolean } }> = [];
  onopen?: () => void;
  onmessage?: (event: { data: unknown }) => void;
  onclose?: (event: { code: number }) => void;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    // As a browser does it.
    if (protocols.some((protocol) => /[^\x21-\x7e]|["(),/:;<=>?@[\\\]{}]/.test(protocol))) throw new SyntaxError("The subprotocol is invalid");
    FakeSocket.all.push(this);
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
    return this;
  }

  says(frame: unknown) {
    this.onmessage?.({ data: frame instanceof ArrayBuffer ? frame : JSON.stringify(frame) });
  }

  ends(code: number) {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }
}

export const WebSocketLike = FakeSocket as unknown as typeof WebSocket;
