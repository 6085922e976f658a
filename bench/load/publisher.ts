// One publisher: keeps up to a window of messages on the way, resolves the acknowledgement conversation of its QoS, and
// counts what the broker acknowledged. At QoS 0, where nothing is acknowledged, the deliveries close the window.

import {
  type Credentials,
  connectPacket,
  disconnectPacket,
  packetType,
  payloadLayout,
  publishTemplate,
  type Quality,
  receiveMaximumOf,
  type Version,
} from "./packets.ts";
import { type Frame, frameOf, Wire } from "./wire.ts";

export interface PublisherOptions {
  readonly url: string;
  readonly version: Version;
  readonly credentials: Credentials | undefined;
  readonly clientId: string;
  readonly number: number;
  readonly topic: string;
  readonly quality: Quality;
  readonly payloadBytes: number;
  readonly window: number;
  readonly onProgress: () => void;
  readonly onFailure: (problem: Error) => void;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #frame: Frame;
  readonly #idAt: number;
  readonly #payloadAt: number;
  #wire: Wire | undefined;
  #window: number;
  #nextId = 1;
  #connected: (() => void) | undefined;
  sent = 0;
  acknowledged = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const template = publishTemplate(options.version, options.topic, options.quality, options.payloadBytes);
    this.#frame = frameOf(template.bytes);
    this.#idAt = this.#frame.packetAt + template.idAt;
    this.#payloadAt = this.#frame.packetAt + template.payloadAt;
    this.#window = options.window;
  }

  async connect(): Promise<void> {
    const { url, version, clientId, credentials } = this.#options;
    this.#wire = await Wire.open(url, {
      packet: (firstByte, bytes, bodyAt, bodyEnd) => this.#receive(firstByte, bytes, bodyAt, bodyEnd),
      closed: (why) => this.#options.onFailure(new Error(`publisher: ${why}`)),
    });
    const answer = new Promise<void>((resolve) => {
      this.#connected = resolve;
    });
    this.#wire.sendPacket(connectPacket({ version, clientId, clean: true, credentials }));
    await answer;
  }

  /** Whether one more message may leave; `delivered` closes the window at QoS 0. */
  mayPublish(delivered: number): boolean {
    const done = this.#options.quality === 0 ? delivered : this.acknowledged;
    return this.sent - done < this.#window;
  }

  /** Sends the next message; its latency counts from `timeMs`. */
  publish(timeMs: number): void {
    const wire = this.#wire;
    if (wire === undefined) throw new Error("not connected");
    const frame = this.#frame.bytes;
    const at = wire.reserve(frame.length);
    const buffer = wire.buffer;
    frame.copy(buffer, at);
    if (this.#options.quality > 0) {
      const id = this.#nextId;
      this.#nextId = id === 65_535 ? 1 : id + 1;
      buffer[at + this.#idAt] = id >> 8;
      buffer[at + this.#idAt + 1] = id & 0xff;
    }
    const payloadAt = at + this.#payloadAt;
    buffer.writeUInt32BE(this.#options.number, payloadAt + payloadLayout.publisherAt);
    buffer.writeUInt32BE(this.sent, payloadAt + payloadLayout.sequenceAt);
    buffer.writeDoubleBE(timeMs, payloadAt + payloadLayout.timeAt);
    this.sent += 1;
  }

  end(): void {
    this.#wire?.sendPacket(disconnectPacket);
    this.#wire?.end();
  }

  destroy(): void {
    this.#wire?.destroy();
  }

  #receive(firstByte: number, bytes: Buffer, bodyAt: number, bodyEnd: number): void {
    const type = firstByte >> 4;
    if (type === packetType.puback || type === packetType.pubcomp) {
      if (bodyEnd - bodyAt > 2 && (bytes[bodyAt + 2] ?? 0) >= 0x80) {
        this.#options.onFailure(new Error(`a message was refused with reason ${bytes[bodyAt + 2]}`));
        return;
      }
      this.acknowledged += 1;
      this.#options.onProgress();
    } else if (type === packetType.pubrec) {
      if (bodyEnd - bodyAt > 2 && (bytes[bodyAt + 2] ?? 0) >= 0x80) {
        this.#options.onFailure(new Error(`a message was refused with reason ${bytes[bodyAt + 2]}`));
        return;
      }
      this.#wire?.sendShort((packetType.pubrel << 4) | 2, bytes.readUInt16BE(bodyAt));
    } else if (type === packetType.connack) {
      this.#receiveConnack(bytes.subarray(bodyAt, bodyEnd));
    } else if (type === packetType.disconnect) {
      this.#options.onFailure(new Error(`publisher: the broker sent DISCONNECT, reason ${bytes[bodyAt] ?? 0}`));
    }
  }

  #receiveConnack(body: Buffer): void {
    if (body[1] !== 0) {
      this.#options.onFailure(new Error(`publisher: CONNACK code ${body[1]}`));
      return;
    }
    if (this.#options.version === 5 && this.#options.quality > 0) {
      this.#window = Math.min(this.#window, receiveMaximumOf(body));
    }
    this.#connected?.();
  }
}
