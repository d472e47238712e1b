/**
 * What the other side of a connection is to tell of. Behind a gateway words may overtake each other and get lost: of each
 * topic one is on its way at a time, and what has no answer is said again.
 */
import type { Frame } from "../types/index.js";

/** What is let go of is often wanted again at once, by the next page or a row that comes back (ms). */
const LINGERS = 1_000;
/** What has no answer is said again after that (ms), then after twice that, and so on. */
const ANSWERED_WITHIN = 10_000;
const MOST_TRIES = 6;

interface Topic {
  /** With previews or without; `undefined`: not at all, as in `held`. */
  wanted: boolean | undefined;
  /** How the other side has it, as far as it has answered. */
  held: boolean | undefined;
  /** What is on its way and has no answer yet. */
  asked: { previews: boolean | undefined } | undefined;
  tries: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Gives whether it could be said. */
export type Say = (action: "subscribe" | "unsubscribe", data: { queueId: string; previews?: boolean }) => boolean;

export class Subscriptions {
  /** By queue id, or `*`. */
  private readonly topics = new Map<string, Topic>();

  constructor(private readonly say: Say) {}

  /** Whether nothing is wanted. */
  get isEmpty(): boolean {
    return [...this.topics.values()].every(({ wanted }) => wanted === undefined);
  }

  /** With previews or without, or `undefined`: no more. Gives whether that is news. */
  want(queueId: string, wanted: boolean | undefined): boolean {
    const topic = this.topics.get(queueId) ?? { wanted: undefined, held: undefined, asked: undefined, tries: 0, timer: undefined };
    if (topic.wanted === wanted) return false;
    Object.assign(topic, { wanted, tries: 0 });
    this.topics.set(queueId, topic);
    this.settle(queueId, topic);
    return true;
  }

  /** Asks for a new snapshot. */
  renew(queueId: string): void {
    const topic = this.topics.get(queueId);
    if (topic?.wanted === undefined || topic.asked) return;
    Object.assign(topic, { held: undefined, tries: 0 });
    this.settle(queueId, topic);
  }

  /** There is a new connection, over which nothing has been said. */
  begin(): void {
    this.end();
    for (const [queueId, topic] of this.topics) this.settle(queueId, topic);
  }

  /** The connection is gone, and what was said over it. */
  end(): void {
    for (const [queueId, topic] of this.topics) {
      clearTimeout(topic.timer);
      Object.assign(topic, { held: undefined, asked: undefined, tries: 0 });
      if (topic.wanted === undefined) this.topics.delete(queueId);
    }
  }

  hear(frame: Frame): void {
    if (!("queueId" in frame)) return;
    const { queueId } = frame;
    const topic = this.topics.get(queueId);
    if (!topic) return;
    if (frame.type === "unsubscription_confirmed") topic.held = undefined;
    else if (topic.asked?.previews !== undefined && isAnswer(frame, topic)) topic.held = topic.asked.previews;
    else return;
    Object.assign(topic, { asked: undefined, tries: 0 });
    this.settle(queueId, topic);
  }

  private settle(queueId: string, topic: Topic): void {
    if (topic.asked) return;
    clearTimeout(topic.timer);
    const { wanted, held } = topic;
    if (wanted === held) {
      if (wanted === undefined) this.topics.delete(queueId);
    } else if (held !== undefined && !wanted) {
      topic.timer = setTimeout(() => this.ask(queueId, topic), LINGERS);
    } else {
      this.ask(queueId, topic);
    }
  }

  private ask(queueId: string, topic: Topic): void {
    const { wanted: previews } = topic;
    topic.asked = undefined;
    const said = topic.tries < MOST_TRIES && (previews === undefined ? this.say("unsubscribe", { queueId }) : this.say("subscribe", { queueId, previews }));
    if (!said) return;
    topic.asked = { previews };
    topic.timer = setTimeout(() => this.ask(queueId, topic), ANSWERED_WITHIN * 2 ** topic.tries++);
  }
}

/** A snapshot may get lost after its confirmation; none comes to whoever only asks for previews besides. */
function isAnswer({ type }: Frame, { held }: Topic): boolean {
  return type === "snapshot" || (type === "subscription_confirmed" && held !== undefined);
}
