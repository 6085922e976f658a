// One persistent subscriber: answers each message as its QoS demands (every answer in a frame of its own), measures how
// long the message took, and checks that each publisher's sequence numbers come in order, none missing and none twice.

import type { Latencies } from "./latencies.ts";
import {
  type Credentials,
  connectPacket,
  disconnectPacket,
  packetType,
  payloadLayout,
  type Quality,
  subscribePacket,
  type Version,
} from "./packets.ts";
import { Wire } from "./wire.ts";

export interface SubscriberOptions {
  readonly url: string;
  readonly version: Version;
  readonly credentials: Credentials | undefined;
  readonly clientId: string;
  readonly filters: readonly string[];
  readonly quality: Quality;
  readonly publishers: number;
  readonly latencies: Latencies;
  readonly onProgress: () => void;
  readonly onFailure: (problem: Error) => void;
}

export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #expected: Uint32Array;
  /** Ids of QoS 2 messages between PUBLISH and PUBREL. */
  readonly #incoming = new Uint8Array(65_536);
  #wire: Wire | undefined;
  #answered: ((body: Buffer) => void) | undefined;
  #isEnding = false;
  delivered = 0;
  duplicates = 0;
  outOfOrder = 0;
  /** QoS 2 conversations that are not finished. */
  open = 0;
  /** Numbers jumped over so far, publisher by publisher: late when they come after all, missing when they never do. */
  readonly #skipped: Set<number>[];

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#expected = new Uint32Array(options.publishers);
    this.#skipped = Array.from({ length: options.publishers }, () => new Set<number>());
  }

  /** How many numbers of a publisher lie behind the newest delivered one, missing ones included. */
  deliveredFrom(publisher: number): number {
    return this.#expected[publisher] ?? 0;
  }

  /** Connects with a persistent session and subscribes. */
  async connect(): Promise<void> {
    await this.#dial(false);
    const suback = this.#answer();
    this.#wire?.sendPacket(subscribePacket(this.#options.version, 1, this.#options.filters, this.#options.quality));
    const granted = (await suback).subarray(-this.#options.filters.length);
    for (const code of granted) {
      if (code !== this.#options.quality)
        throw new Error(`subscriber: asked for QoS ${this.#options.quality}, SUBACK says ${code}`);
    }
  }

  /** Leaves, and takes the stored session away. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#wire?.sendPacket(disconnectPacket);
    this.#wire?.end();
    await this.#dial(true);
    this.#wire?.sendPacket(disconnectPacket);
    this.#wire?.end();
  }

  destroy(): void {
    this.#isEnding = true;
    this.#wire?.destroy();
  }

  #answer(): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  async #dial(clean: boolean): Promise<void> {
    const { url, version, clientId, credentials } = this.#options;
    const wire = await Wire.open(url, {
      packet: (firstByte, bytes, bodyAt, bodyEnd) => this.#receive(firstByte, bytes, bodyAt, bodyEnd),
      closed: (why) => {
        if (!this.#isEnding && wire === this.#wire) this.#options.onFailure(new Error(`subscriber: ${why}`));
      },
    });
    this.#wire = wire;
    const connack = this.#answer();
    wire.sendPacket(connectPacket({ version, clientId, clean, credentials }));
    await connack;
  }

  #receive(firstByte: number, bytes: Buffer, bodyAt: number, bodyEnd: number): void {
    const type = firstByte >> 4;
    if (type === packetType.publish) {
      this.#receivePublish(firstByte, bytes, bodyAt);
    } else if (type === packetType.pubrel) {
      const id = bytes.readUInt16BE(bodyAt);
      if (this.#incoming[id] === 1) this.open -= 1;
      this.#incoming[id] = 0;
      this.#wire?.sendShort(packetType.pubcomp << 4, id);
      this.#options.onProgress();
    } else if (type === packetType.connack && bytes[bodyAt + 1] !== 0) {
      // Said at once: what a broker that refuses sends next closes the connection, often in the same segment.
      this.#options.onFailure(new Error(`subscriber: CONNACK code ${bytes[bodyAt + 1]}`));
    } else if (type === packetType.connack || type === packetType.suback) {
      this.#answered?.(Buffer.from(bytes.subarray(bodyAt, bodyEnd)));
    } else if (type === packetType.disconnect && !this.#isEnding) {
      this.#options.onFailure(new Error(`subscriber: the broker sent DISCONNECT, reason ${bytes[bodyAt] ?? 0}`));
    }
  }

  #receivePublish(firstByte: number, bytes: Buffer, bodyAt: number): void {
    const quality = (firstByte >> 1) & 3;
    let at = bodyAt + 2 + bytes.readUInt16BE(bodyAt);
    const id = quality > 0 ? bytes.readUInt16BE(at) : 0;
    if (quality > 0) at += 2;
    if (this.#options.version === 5) at += 1 + (bytes[at] ?? 0);
    if (quality === 1) this.#wire?.sendShort(packetType.puback << 4, id);
    if (quality === 2) {
      this.#wire?.sendShort(packetType.pubrec << 4, id);
      if (this.#incoming[id] === 1) return;
      this.#incoming[id] = 1;
      this.open += 1;
    }
    this.#count(bytes.readUInt32BE(at + payloadLayout.publisherAt), bytes.readUInt32BE(at + payloadLayout.sequenceAt));
    this.#options.latencies.add(performance.now() - bytes.readDoubleBE(at + payloadLayout.timeAt));
    this.#options.onProgress();
  }

  #count(publisher: number, sequence: number): void {
    const expected = this.#expected[publisher] ?? 0;
    if (sequence < expected) {
      if (this.#skipped[publisher]?.delete(sequence) !== true) {
        this.duplicates += 1;
        return;
      }
      this.outOfOrder += 1;
    } else {
      for (let skipped = expected; skipped < sequence; skipped += 1) this.#skipped[publisher]?.add(skipped);
      this.#expected[publisher] = sequence + 1;
    }
    this.delivered += 1;
  }
}
