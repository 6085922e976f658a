// Keeps a client connected through kills: dials again until the broker answers, and says whether the broker still knew
// the session. The first accepted connection makes the session; every later one must find it.

import type { IConnackPacket, Packet } from "mqtt-packet";
import { Connection, persistentConnect, type Version } from "./connection.ts";

const dialPauseMs = 50;
const dialTimeoutMs = 5_000;
const dialsMax = 5_000;

export interface ReconnectingEvents {
  /** A connection was accepted. `isNew`: the broker has no session for this client (any more). */
  readonly connected: (isNew: boolean, connack: IConnackPacket) => void;
  readonly packet: (packet: Packet) => void;
}

export class Reconnecting {
  readonly #url: string;
  readonly #version: Version;
  readonly #clientId: string;
  readonly #events: ReconnectingEvents;
  #connection: Connection | undefined;
  #isWanted = false;
  #isUp = false;
  #hadSession = false;
  #dials = 0;
  #timer: NodeJS.Timeout | undefined;
  /** How often a broker had forgotten a session it had confirmed. */
  sessionsForgotten = 0;

  constructor(url: string, version: Version, clientId: string, events: ReconnectingEvents) {
    this.#url = url;
    this.#version = version;
    this.#clientId = clientId;
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  start(): void {
    this.#isWanted = true;
    this.#dial();
  }

  send(packet: Packet): void {
    if (this.#isUp) this.#connection?.send(packet);
  }

  /** Cuts the connection and stays away, until `start`. */
  stop(): void {
    this.#isWanted = false;
    this.#isUp = false;
    clearTimeout(this.#timer);
    this.#connection?.cut();
    this.#connection = undefined;
  }

  #dial(): void {
    this.#dials += 1;
    if (this.#dials > dialsMax) throw new Error(`${this.#clientId}: ${dialsMax} dials were not enough`);
    const connect = persistentConnect(this.#version, this.#clientId);
    const events = { packet: (packet: Packet) => this.#receive(packet), closed: () => this.#again() };
    this.#connection = new Connection(this.#url, this.#version, connect, events, dialTimeoutMs);
    this.#timer = setTimeout(() => {
      this.#connection?.cut();
      this.#again();
    }, dialTimeoutMs);
  }

  #again(): void {
    this.#isUp = false;
    clearTimeout(this.#timer);
    if (this.#isWanted) this.#timer = setTimeout(() => this.#dial(), dialPauseMs);
  }

  #receive(packet: Packet): void {
    if (packet.cmd !== "connack") {
      this.#events.packet(packet);
      return;
    }
    const code = this.#version === 5 ? packet.reasonCode : packet.returnCode;
    if (code !== 0) return;
    clearTimeout(this.#timer);
    this.#isUp = true;
    const isNew = !packet.sessionPresent;
    if (isNew && this.#hadSession) this.sessionsForgotten += 1;
    this.#hadSession = true;
    this.#events.connected(isNew, packet);
  }
}
