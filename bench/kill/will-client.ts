// A client with a will that lives many short lives: each ends by a cut, by a DISCONNECT, or because the broker was
// killed. It notes what is owed for each: one will, none, or (nobody can tell) one or none.

import type { Packet } from "mqtt-packet";
import { Connection, connectPacket, isAccepted } from "./connection.ts";
import type { ClientOptions } from "./reconnecting.ts";
import { payloadOf } from "./streams.ts";

export interface WillLife {
  /** `abnormal`: the will is owed. `orderly`: it must not come. `unsure`: the broker died with the client's last word. */
  ending: "abnormal" | "orderly" | "unsure";
}

export interface WillClientOptions extends ClientOptions {
  readonly topic: string;
  readonly random: () => number;
  /** Which life of the broker this is; undefined from before a kill until it runs again. */
  readonly brokerLife: () => number | undefined;
}

const lifeMsMax = 250;
const pauseMs = 30;
const dialTimeoutMs = 5_000;
const disconnectTimeoutMs = 5_000;

type Phase = "idle" | "dialling" | "living" | "leaving" | "resting";

export class WillClient {
  readonly #options: WillClientOptions;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #phase: Phase = "idle";
  #isWanted = false;
  #lifeAtDisconnect: number | undefined;
  /** By number, which is in the will's payload. */
  readonly lives: WillLife[] = [];

  constructor(options: WillClientOptions) {
    this.#options = options;
  }

  get stream(): string {
    return this.#options.clientId;
  }

  /** The last life has ended. */
  get isOver(): boolean {
    return this.#phase === "idle";
  }

  start(): void {
    this.#isWanted = true;
    this.#dial();
  }

  /** Lets the last life be one that ends in good order: with its CONNECT nothing earlier is left undecided. */
  finish(): void {
    this.#isWanted = false;
    if (this.#phase === "living") this.#disconnect();
  }

  stop(): void {
    this.#isWanted = false;
    this.#phase = "idle";
    clearTimeout(this.#timer);
    this.#connection?.cut();
  }

  #dial(): void {
    const { url, version, clientId, keepsSession, topic } = this.#options;
    const payload = payloadOf(clientId, this.lives.length);
    // Until CONNACK nobody knows whether the broker has the will.
    this.lives.push({ ending: "unsure" });
    this.#phase = "dialling";
    const connect = connectPacket(version, clientId, keepsSession, { topic, payload, quality: 2 });
    const events = { packet: (packet: Packet) => this.#receive(packet), closed: () => this.#closed() };
    this.#connection = new Connection(url, version, connect, events, dialTimeoutMs);
    this.#timer = setTimeout(() => this.#cut(), dialTimeoutMs);
  }

  #receive(packet: Packet): void {
    if (this.#phase !== "dialling" || !isAccepted(packet, this.#options.version)) return;
    this.#phase = "living";
    this.#note("abnormal");
    clearTimeout(this.#timer);
    if (!this.#isWanted) return this.#disconnect();
    const { random } = this.#options;
    const end = random() < 0.5 ? () => this.#cut() : () => this.#disconnect();
    this.#timer = setTimeout(end, random() * lifeMsMax);
  }

  #cut(): void {
    this.#connection?.cut();
    this.#over();
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#phase = "leaving";
    this.#lifeAtDisconnect = this.#options.brokerLife();
    this.#note("unsure");
    this.#connection?.send({ cmd: "disconnect" });
    this.#timer = setTimeout(() => this.#cut(), disconnectTimeoutMs);
  }

  /** The broker closed, or died. */
  #closed(): void {
    const life = this.#options.brokerLife();
    if (this.#phase === "leaving" && life !== undefined && life === this.#lifeAtDisconnect) this.#note("orderly");
    this.#over();
  }

  #over(): void {
    clearTimeout(this.#timer);
    const mayEnd = this.#phase === "leaving" && !this.#isWanted;
    this.#phase = mayEnd ? "idle" : "resting";
    if (!mayEnd) this.#timer = setTimeout(() => this.#dial(), pauseMs);
  }

  #note(ending: WillLife["ending"]): void {
    const life = this.lives.at(-1);
    if (life !== undefined) life.ending = ending;
  }
}
