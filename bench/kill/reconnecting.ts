// Keeps a client connected through kills: dials again until the broker answers, and says whether the broker still knew
// the session. The first accepted connection makes the session; every later one must find it.

import type { IConnackPacket, Packet } from "mqtt-packet";
import { Connection, connectPacket, isAccepted, type Version, type Will } from "./connection.ts";

const dialPauseMs = 50;
/** Long: clients that give up early and dial anew are what keeps a busy broker busy. */
const dialTimeoutMs = 30_000;
const dialsMax = 5_000;

export interface ClientOptions {
  readonly url: string;
  readonly version: Version;
  readonly clientId: string;
  /** Whether the session outlives the connection. */
  readonly keepsSession: boolean;
}

export interface ReconnectingEvents {
  /** A connection was accepted. `isNew`: the broker has no session for this client (any more). */
  readonly connected: (isNew: boolean, connack: IConnackPacket) => void;
  readonly packet: (packet: Packet) => void;
  /** The will of the next connection. */
  readonly will?: (() => Will) | undefined;
}

export class Reconnecting {
  readonly #options: ClientOptions;
  readonly #events: ReconnectingEvents;
  #connection: Connection | undefined;
  #isWanted = false;
  #isUp = false;
  #hadSession = false;
  #dials = 0;
  #timer: NodeJS.Timeout | undefined;
  /** How often a broker had forgotten a session it had confirmed. */
  sessionsForgotten = 0;

  constructor(options: ClientOptions, events: ReconnectingEvents) {
    this.#options = options;
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#dials = 0;
    this.#dial();
  }

  send(packet: Packet): void {
    if (this.#isUp) this.#connection?.send(packet);
  }

  /** Cuts the connection and stays away, until `start`. */
  stop(): void {
    this.#end()?.cut();
  }

  /** Disconnects in good order and stays away, until `start`. */
  leave(): void {
    this.#end()?.leave();
  }

  #end(): Connection | undefined {
    const connection = this.#connection;
    this.#isWanted = false;
    this.#isUp = false;
    clearTimeout(this.#timer);
    this.#connection = undefined;
    return connection;
  }

  #dial(): void {
    const { url, version, clientId, keepsSession } = this.#options;
    this.#dials += 1;
    if (this.#dials > dialsMax) throw new Error(`${clientId}: ${dialsMax} dials were not enough`);
    const connect = connectPacket(version, clientId, keepsSession, this.#events.will?.());
    const events = { packet: (packet: Packet) => this.#receive(packet), closed: () => this.#again() };
    this.#connection = new Connection(url, version, connect, events, dialTimeoutMs);
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
    if (!isAccepted(packet, this.#options.version)) return;
    clearTimeout(this.#timer);
    this.#isUp = true;
    const isNew = !packet.sessionPresent;
    if (isNew && this.#hadSession) this.sessionsForgotten += 1;
    this.#hadSession = this.#options.keepsSession;
    this.#events.connected(isNew, packet);
  }
}
