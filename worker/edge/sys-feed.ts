// What one client is told under $SYS, as QoS 0: at once when it has subscribed, marked as retained, and now and then as long as it is
// connected. Its session has said which topics it may have; nothing is published, stored or asked of anybody else's session.

import { encodePackets } from "../../src/codec/encode.ts";
import { encodedPublishBytes } from "../../src/codec/encode-publish.ts";
import { type Connect, EMPTY_BYTES, type OutPublish } from "../../src/protocol/packet.ts";
import type { SysTopic } from "../../src/topic/sys.ts";
import type { Env } from "../env.ts";
import { sysValue } from "../sys.ts";

/** As many as the client takes. Whole packets, that stand between two frames of its session. */
export function encodeSys(packets: readonly OutPublish[], client: Connect): Uint8Array {
  const { version, maximumPacketBytes } = client;
  const fitting = packets.filter((packet) => encodedPublishBytes(packet, version) <= maximumPacketBytes);
  return encodePackets(fitting, version, maximumPacketBytes);
}

const everyMs = 60_000;
const encoder = new TextEncoder();

export class SysFeed {
  readonly #env: Env;
  readonly #send: (packets: readonly OutPublish[]) => void;
  #topics: readonly SysTopic[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(env: Env, send: (packets: readonly OutPublish[]) => void) {
    this.#env = env;
    this.#send = send;
  }

  /** In place of what was before. */
  follow(topics: readonly SysTopic[]): void {
    this.stop();
    this.#topics = topics;
    if (topics.length === 0) return;
    void this.#tell(true);
    this.#timer = setInterval(() => void this.#tell(false), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#topics = [];
  }

  async #tell(retain: boolean): Promise<void> {
    const asked = this.#topics;
    const packets = await Promise.all(asked.map((topic) => this.#packet(topic, retain)));
    // It may have unsubscribed meanwhile.
    if (asked !== this.#topics) return;
    const known = packets.filter((packet) => packet !== undefined);
    if (known.length > 0) this.#send(known);
  }

  async #packet(topic: SysTopic, retain: boolean): Promise<OutPublish | undefined> {
    try {
      const payload = encoder.encode(await sysValue(topic, this.#env, Date.now()));
      const rest = { dup: false, packetId: 0, topicAlias: 0, subscriptionIds: [], properties: EMPTY_BYTES };
      return { type: "publish", qos: 0, retain, topicBytes: encoder.encode(topic), payload, ...rest };
    } catch (error) {
      // An object that does not answer is asked again with the next.
      console.warn(JSON.stringify({ event: "sys-unknown", topic, error: `${error}` }));
      return undefined;
    }
  }
}
