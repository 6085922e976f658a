// A publisher that keeps the sender's side of QoS 1 and QoS 2 to the letter across connections: what is not acknowledged
// is sent again with DUP and the same packet id, what the broker took over (PUBREC) continues with PUBREL, all in order.

import type { IConnackPacket, Packet } from "mqtt-packet";
import type { Will } from "./connection.ts";
import { type ClientOptions, Reconnecting } from "./reconnecting.ts";
import { payloadOf } from "./streams.ts";

interface Flight {
  readonly sequence: number;
  /** `publish`: not acknowledged. `release`: the broker has taken the message over, PUBCOMP is due. */
  stage: "publish" | "release";
  hasBeenSent: boolean;
}

export interface PublisherOptions extends ClientOptions {
  /** The name of the stream, which every message carries beside its number. */
  readonly stream: string;
  readonly quality: 0 | 1 | 2;
  readonly topicOf: (sequence: number) => string;
  /** Makes messages retained; those for which it says so are empty, which clears what the topic retains. */
  readonly clears?: ((sequence: number) => boolean) | undefined;
  readonly messages: number;
  readonly window: number;
  /** Called when the broker has taken over a message: PUBACK, or PUBREC at QoS 2. */
  readonly onAcknowledged?: ((sequence: number) => void) | undefined;
  readonly will?: (() => Will) | undefined;
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
  #contiguous = 0;
  readonly acknowledged = new Set<number>();
  readonly refused = new Set<number>();
  resent = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#window = options.window;
    this.#link = new Reconnecting(options, {
      connected: (isNew, connack) => this.#resume(isNew, connack),
      packet: (packet) => this.#receive(packet),
      will: options.will,
    });
  }

  get options(): PublisherOptions {
    return this.#options;
  }

  /** Numbers below this have been sent at least once. */
  get sent(): number {
    return this.#next;
  }

  /** All numbers below this are acknowledged. */
  get contiguous(): number {
    while (this.acknowledged.has(this.#contiguous)) this.#contiguous += 1;
    return this.#contiguous;
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  get sessionsForgotten(): number {
    return this.#link.sessionsForgotten;
  }

  get isDone(): boolean {
    return this.#next === this.#options.messages && this.isIdle;
  }

  /** Nothing is on the way. */
  get isIdle(): boolean {
    return this.#flights.size === 0;
  }

  get state(): string {
    const { messages, stream } = this.#options;
    return `${stream}: ${this.acknowledged.size} of ${messages} acknowledged, ${this.#flights.size} on the way, ${this.#link.isUp ? "connected" : "not connected"}`;
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
      const isAnswered = this.#options.quality > 0;
      const id = isAnswered ? this.#freeId() : 0;
      if (isAnswered) this.#flights.set(id, flight);
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
    const { stream, quality, topicOf, clears } = this.#options;
    const { sequence } = flight;
    if (flight.hasBeenSent) this.resent += 1;
    this.#link.send({
      cmd: "publish",
      topic: topicOf(sequence),
      payload: clears?.(sequence) === true ? "" : payloadOf(stream, sequence),
      qos: quality,
      messageId: id,
      dup: flight.hasBeenSent,
      retain: clears !== undefined,
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
    this.#options.onAcknowledged?.(flight.sequence);
  }
}
