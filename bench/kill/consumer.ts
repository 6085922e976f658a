// A subscriber that keeps the receiver's side of QoS 1 and QoS 2 to the letter: the ids of QoS 2 messages it has taken
// over outlive the connection, so that the same message sent again is answered but not counted twice.

import type { Packet } from "mqtt-packet";
import { type ClientOptions, Reconnecting } from "./reconnecting.ts";

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly quality: number;
  readonly retain: boolean;
}

export interface ConsumerOptions extends ClientOptions {
  readonly filters: readonly string[];
  /** Called with each message, in order; a QoS 1 message that is sent again is one more. */
  readonly onMessage: (message: Received) => void;
  /** Called when the broker has confirmed the subscriptions. */
  readonly onSubscribed?: (() => void) | undefined;
}

export class Consumer {
  readonly name: string;
  readonly #options: ConsumerOptions;
  readonly #link: Reconnecting;
  readonly #takenOver = new Set<number>();
  #nextId = 1;
  #awaited: number | undefined;
  /** Number of SUBACKs so far: each says that all that was due before has been sent. */
  barriers = 0;
  isSubscribed = false;

  constructor(options: ConsumerOptions) {
    this.name = options.clientId;
    this.#options = options;
    this.#link = new Reconnecting(options, {
      connected: (isNew) => this.#resume(isNew),
      packet: (packet) => this.#receive(packet),
    });
  }

  get sessionsForgotten(): number {
    return this.#link.sessionsForgotten;
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
  }

  leave(): void {
    this.#link.leave();
  }

  /** Asks for an answer that comes behind everything the session has to send by now. */
  sendBarrier(): void {
    this.#subscribe(["barrier/nothing/comes/here"]);
  }

  #resume(isNew: boolean): void {
    if (!isNew) {
      // The kill may have come between SUBSCRIBE and SUBACK.
      if (!this.isSubscribed) this.#awaited = this.#subscribe(this.#options.filters);
      return;
    }
    this.#takenOver.clear();
    this.isSubscribed = false;
    this.#awaited = this.#subscribe(this.#options.filters);
  }

  #subscribe(filters: readonly string[]): number {
    const id = this.#nextId;
    this.#nextId = id === 65_535 ? 1 : id + 1;
    this.#link.send({ cmd: "subscribe", messageId: id, subscriptions: filters.map((topic) => ({ topic, qos: 2 })) });
    return id;
  }

  #receive(packet: Packet): void {
    if (packet.cmd === "suback") {
      if (packet.messageId === this.#awaited) {
        this.isSubscribed = true;
        this.#options.onSubscribed?.();
      } else this.barriers += 1;
    } else if (packet.cmd === "pubrel") {
      this.#takenOver.delete(packet.messageId ?? 0);
      this.#link.send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
    } else if (packet.cmd === "publish") {
      const id = packet.messageId ?? 0;
      if (packet.qos !== 2 || !this.#takenOver.has(id)) {
        const { topic, payload, qos, retain } = packet;
        this.#options.onMessage({ topic, payload: payload.toString(), quality: qos, retain });
      }
      if (packet.qos === 2) this.#takenOver.add(id);
      if (packet.qos > 0) this.#link.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId: id });
    }
  }
}
