// A persistent subscriber that keeps the receiver's side of QoS 1 and QoS 2 to the letter: the ids of QoS 2 messages it
// has taken over outlive the connection, so that the same message sent again is answered but not counted twice.

import type { Packet } from "mqtt-packet";
import type { Version } from "./connection.ts";
import { Reconnecting } from "./reconnecting.ts";

export interface Delivery {
  readonly topic: string;
  readonly sequence: number;
  readonly quality: number;
}

export interface ConsumerOptions {
  readonly url: string;
  readonly version: Version;
  readonly clientId: string;
  readonly filters: readonly string[];
}

export class Consumer {
  readonly name: string;
  readonly #filters: readonly string[];
  readonly #link: Reconnecting;
  readonly #takenOver = new Set<number>();
  #nextId = 1;
  #granted = new Set<number>();
  /** Everything delivered, in order, repetitions included. */
  readonly deliveries: Delivery[] = [];
  /** Number of SUBACKs so far: each says that all that was due before it has been sent. */
  barriers = 0;
  isSubscribed = false;

  constructor(options: ConsumerOptions) {
    this.name = options.clientId;
    this.#filters = options.filters;
    this.#link = new Reconnecting(options.url, options.version, options.clientId, {
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

  /** Asks for an answer that comes behind everything the session has to send by now. */
  sendBarrier(): void {
    this.#subscribe(["barrier/nothing/comes/here"]);
  }

  #resume(isNew: boolean): void {
    if (!isNew) return;
    this.#takenOver.clear();
    this.#subscribe(this.#filters);
  }

  #subscribe(filters: readonly string[]): void {
    const id = this.#nextId;
    this.#nextId = id === 65_535 ? 1 : id + 1;
    this.#link.send({ cmd: "subscribe", messageId: id, subscriptions: filters.map((topic) => ({ topic, qos: 2 })) });
    if (filters === this.#filters) this.#granted = new Set([id]);
  }

  #receive(packet: Packet): void {
    if (packet.cmd === "suback") {
      if (this.#granted.has(packet.messageId ?? 0)) this.isSubscribed = true;
      else this.barriers += 1;
    } else if (packet.cmd === "pubrel") {
      this.#takenOver.delete(packet.messageId ?? 0);
      this.#link.send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
    } else if (packet.cmd === "publish") {
      const id = packet.messageId ?? 0;
      if (packet.qos !== 2 || !this.#takenOver.has(id)) {
        const sequence = Number(packet.payload.toString());
        this.deliveries.push({ topic: packet.topic, sequence, quality: packet.qos });
      }
      if (packet.qos === 2) this.#takenOver.add(id);
      if (packet.qos > 0) this.#link.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId: id });
    }
  }
}
