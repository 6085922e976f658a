// A subscriber that stays connected through kills, and subscribes anew when the broker has forgotten its session.

import type { Packet } from "mqtt-packet";
import { type Received, Receiver } from "./receiver.ts";
import { type ClientOptions, Reconnecting } from "./reconnecting.ts";

export interface ConsumerOptions extends ClientOptions {
  readonly filters: readonly string[];
  readonly onMessage: (message: Received) => void;
  /** Called when the broker has confirmed the subscriptions. */
  readonly onSubscribed?: (() => void) | undefined;
}

export class Consumer {
  readonly name: string;
  readonly #options: ConsumerOptions;
  readonly #link: Reconnecting;
  readonly #receiver: Receiver;
  #nextId = 1;
  #awaited: number | undefined;
  /** Number of SUBACKs so far: each says that all that was due before has been sent. */
  barriers = 0;
  isSubscribed = false;

  constructor(options: ConsumerOptions) {
    this.name = options.clientId;
    this.#options = options;
    this.#receiver = new Receiver(options.onMessage);
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
    this.#receiver.forget();
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
    } else this.#receiver.receive(packet, (answer) => this.#link.send(answer));
  }
}
