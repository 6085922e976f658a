// A publisher that keeps the sender's side of QoS 1 and QoS 2 to the letter across connections: what is not acknowledged
// is sent again with DUP and the same packet id, what the broker took over (PUBREC) continues with PUBREL, all in order.

import type { IConnackPacket, Packet } from "mqtt-packet";
import type { Version } from "./connection.ts";
import { Reconnecting } from "./reconnecting.ts";

interface Flight {
  readonly sequence: number;
  /** `publish`: not acknowledged. `release`: the broker has taken the message over, PUBCOMP is due. */
  stage: "publish" | "release";
  hasBeenSent: boolean;
}

export interface PublisherOptions {
  readonly url: string;
  readonly version: Version;
  readonly clientId: string;
  readonly quality: 1 | 2;
  readonly topicOf: (sequence: number) => string;
  readonly messages: number;
  readonly window: number;
  /** Called when the broker has taken over a message: PUBACK, or PUBREC at QoS 2. */
  readonly onAcknowledged: (count: number) => void;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #link: Reconnecting;
  /** By packet id, in the order of first sending. */
  #flights = new Map<number, Flight>();
  #next = 0;
  #nextId = 1;
  #window: number;
  /** Sequence numbers may be sent up to here; moved on by the run, so that every kill finds messages under way. */
  #limit = 0;
  readonly acknowledged = new Set<number>();
  readonly refused = new Set<number>();
  resent = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#window = options.window;
    this.#link = new Reconnecting(options.url, options.version, options.clientId, {
      connected: (isNew, connack) => this.#resume(isNew, connack),
      packet: (packet) => this.#receive(packet),
    });
  }

  get sessionsForgotten(): number {
    return this.#link.sessionsForgotten;
  }

  get isDone(): boolean {
    return this.#next === this.#options.messages && this.#flights.size === 0;
  }

  get state(): string {
    const { messages, quality } = this.#options;
    return `QoS ${quality}: ${this.acknowledged.size} of ${messages} acknowledged, ${this.#flights.size} on the way, ${this.#link.isUp ? "connected" : "not connected"}`;
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
  }

  allowUpTo(limit: number): void {
    this.#limit = Math.max(this.#limit, Math.min(limit, this.#options.messages));
    this.#pump();
  }

  #resume(isNew: boolean, connack: IConnackPacket): void {
    const receiveMaximum = connack.properties?.receiveMaximum ?? 65_535;
    this.#window = Math.min(this.#options.window, receiveMaximum);
    if (isNew) this.#forgetConversations();
    for (const [id, flight] of this.#flights) {
      if (flight.stage === "release") this.#link.send({ cmd: "pubrel", messageId: id });
      else this.#send(id, flight);
    }
    this.#pump();
  }

  /**
   * The broker has no session: packet ids mean nothing to it any more. What it had taken over was acknowledged and is its
   * debt; the rest is published anew, as first sendings.
   */
  #forgetConversations(): void {
    const kept = new Map<number, Flight>();
    for (const [id, flight] of this.#flights) {
      if (flight.stage === "publish") kept.set(id, { ...flight, hasBeenSent: false });
    }
    this.#flights = kept;
  }

  #pump(): void {
    while (this.#link.isUp && this.#next < this.#limit && this.#flights.size < this.#window) {
      const flight: Flight = { sequence: this.#next, stage: "publish", hasBeenSent: false };
      const id = this.#freeId();
      this.#flights.set(id, flight);
      this.#next += 1;
      this.#send(id, flight);
    }
  }

  #freeId(): number {
    for (let tries = 0; tries < 65_535; tries += 1) {
      const id = this.#nextId;
      this.#nextId = id === 65_535 ? 1 : id + 1;
      if (!this.#flights.has(id)) return id;
    }
    throw new Error("no free packet id");
  }

  #send(id: number, flight: Flight): void {
    const { quality, topicOf } = this.#options;
    if (flight.hasBeenSent) this.resent += 1;
    this.#link.send({
      cmd: "publish",
      topic: topicOf(flight.sequence),
      payload: String(flight.sequence),
      qos: quality,
      messageId: id,
      dup: flight.hasBeenSent,
      retain: false,
    });
    flight.hasBeenSent = true;
  }

  #receive(packet: Packet): void {
    if (packet.cmd !== "puback" && packet.cmd !== "pubrec" && packet.cmd !== "pubcomp") return;
    const id = packet.messageId ?? 0;
    const flight = this.#flights.get(id);
    if (flight === undefined) {
      if (packet.cmd === "pubrec") this.#link.send({ cmd: "pubrel", messageId: id });
      return;
    }
    const isRefused = (packet.reasonCode ?? 0) >= 0x80;
    if (packet.cmd !== "pubcomp" && isRefused) {
      this.refused.add(flight.sequence);
      this.#flights.delete(id);
    } else if (packet.cmd === "pubrec") {
      this.#takenOver(flight);
      flight.stage = "release";
      this.#link.send({ cmd: "pubrel", messageId: id });
    } else {
      if (packet.cmd === "puback") this.#takenOver(flight);
      this.#flights.delete(id);
    }
    this.#pump();
  }

  #takenOver(flight: Flight): void {
    if (this.acknowledged.has(flight.sequence)) return;
    this.acknowledged.add(flight.sequence);
    this.#options.onAcknowledged(this.acknowledged.size);
  }
}
