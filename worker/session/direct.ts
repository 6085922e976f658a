// A client whose WebSocket ends in its session object, with no edge between. This does what the edge does for others: packets
// out of frames, CONNECT first, pings, the keep-alive clock, the time for CONNECT. It has no timers: the object's alarm asks
// it. What it has to know after hibernation is carried by the socket.

import { decodeConnect } from "../../src/codec/decode-connect.ts";
import { encodePackets } from "../../src/codec/encode.ts";
import { isPingreq, pingresps } from "../../src/codec/ping.ts";
import { PacketSplitter } from "../../src/codec/splitter.ts";
import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import type { Connect } from "../../src/protocol/packet.ts";
import { PacketType } from "../../src/protocol/packet-type.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { keepAliveSeconds, refusalOf, refusingConnack } from "../../src/session/admission.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import { willDenial } from "../../src/session/permission.ts";
import type { Identity } from "../auth/identity.ts";
import { type Config, configOf } from "../config.ts";
import { counters } from "../counters.ts";
import type { DirectHello } from "../direct-hello.ts";
import type { Env } from "../env.ts";

/** What its gate could not tell is found after this time. Of one that has no gate the connection ends. */
const lookMs = 3_600_000;

/** What the rights rest on, for when that changes. */
export interface DirectBasis {
  readonly who: Identity;
  /** Names the connection towards its gate. */
  readonly pass: string;
  /** When it is seen whether the rights still hold. */
  readonly lookAtMs: number;
}

export interface DirectState {
  /** Until CONNECT comes it has the client's rights; then the connection has them. */
  readonly hello: DirectHello["hello"];
  /** When CONNECT has to be there; 0: it is. */
  readonly connectByMs: number;
  /** 0: not by the clock. */
  readonly endsAtMs: number;
  /** Absent if the Worker did not say. */
  readonly basis?: DirectBasis;
  readonly heardAtMs: number;
  /** How long the client may be silent; 0: for ever. */
  readonly silentMsMax: number;
  /** A packet had begun, and the rest of it was to come. */
  readonly hasPiece?: true;
}

export interface DirectEvents {
  connect(connect: Connect, hello: DirectHello["hello"]): void;
  /** Whole packets, and the mistake behind them if there is one. */
  packets(frames: readonly Uint8Array[], failure: ProtocolFailure | undefined): void;
  send(bytes: Uint8Array): void;
  /** Whether CONNACK has been sent: nothing precedes it [MQTT-3.2.0-1]. */
  isAnswered(): boolean;
  /** There is no connection, and will be none. */
  turnAway(failure: ProtocolFailure, connack: Uint8Array | undefined): void;
  /** Part of what the client sent is lost: as if the network had failed. */
  broken(): void;
}

export function newDirectState(said: DirectHello, config: Config, nowMs: number): DirectState {
  const { hello, basis, expiresAtMs = 0 } = said;
  const state = {
    hello,
    connectByMs: nowMs + config.connectTimeoutSeconds * 1000,
    heardAtMs: nowMs,
    silentMsMax: 0,
  };
  const lookAtMs = nowMs + lookMs;
  if (basis === undefined) return { ...state, endsAtMs: earliest(expiresAtMs, lookAtMs) };
  return { ...state, endsAtMs: expiresAtMs, basis: { who: basis.who, pass: crypto.randomUUID(), lookAtMs } };
}

/** Of those that are not 0; 0 if all are. */
function earliest(...times: readonly number[]): number {
  const set = times.filter((time) => time > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}

export class DirectClient {
  readonly #config: Config;
  readonly #events: DirectEvents;
  readonly #splitter: PacketSplitter;
  #state: DirectState;
  /** It slept in the middle of a packet, whose beginning is gone. */
  readonly #lostPiece: boolean;
  #isOver = false;
  #frames: Uint8Array[] = [];
  /** Those of the frame that is being taken. */
  #pings = 0;

  constructor(env: Env, state: DirectState, events: DirectEvents) {
    this.#config = configOf(env);
    this.#events = events;
    this.#state = state;
    this.#lostPiece = state.hasPiece === true;
    this.#splitter = new PacketSplitter(this.#config.maximumPacketBytes);
  }

  get state(): DirectState {
    return this.#state;
  }

  get isConnected(): boolean {
    return this.#state.connectByMs === 0;
  }

  /** When the alarm has to ask; 0: never. */
  get deadlineMs(): number {
    const { connectByMs, basis } = this.#state;
    if (connectByMs > 0) return connectByMs;
    return earliest(this.#overAtMs, basis?.lookAtMs ?? 0);
  }

  get #overAtMs(): number {
    const { endsAtMs, heardAtMs, silentMsMax } = this.#state;
    return earliest(endsAtMs, silentMsMax === 0 ? 0 : heardAtMs + silentMsMax);
  }

  /** It is time to see whether its rights still hold. */
  takesLook(nowMs: number): boolean {
    const { basis } = this.#state;
    if (basis === undefined || nowMs < basis.lookAtMs) return false;
    this.#state = { ...this.#state, basis: { ...basis, lookAtMs: nowMs + lookMs } };
    return true;
  }

  /** Before CONNECT has come. */
  changeRights({ access, limits }: ClientRights): void {
    const { access: _access, limits: _limits, ...rest } = this.#state.hello;
    const rights = { ...(access === undefined ? {} : { access }), ...(limits === undefined ? {} : { limits }) };
    this.#state = { ...this.#state, hello: { ...rest, ...rights } };
  }

  /** Why its time is over; undefined: it is not. */
  overdue(nowMs: number): ProtocolFailure | undefined {
    const { connectByMs, endsAtMs, silentMsMax } = this.#state;
    if (connectByMs > 0) {
      if (nowMs < connectByMs) return undefined;
      const detail = `no CONNECT within ${this.#config.connectTimeoutSeconds} seconds`;
      return fail(ReasonCode.maximumConnectTime, "connect-timeout", detail);
    }
    if (this.#overAtMs === 0 || nowMs < this.#overAtMs) return undefined;
    if (endsAtMs > 0 && nowMs >= endsAtMs) {
      return fail(ReasonCode.maximumConnectTime, "credentials-expired", "it is time to prove anew who it is");
    }
    // [MQTT-3.1.2-22] [MQTT3-3.1.2-24]
    return fail(ReasonCode.keepAliveTimeout, "MQTT-3.1.2-22", `nothing for ${silentMsMax / 1000} seconds`);
  }

  take(message: string | ArrayBuffer, nowMs: number): void {
    if (this.#isOver) return;
    counters.add("frames_in");
    if (this.#lostPiece) return this.#end(() => this.#events.broken());
    // In whole seconds, so that not every frame changes what the socket carries; upwards, since nobody is closed too early.
    const heardAtMs = Math.ceil(nowMs / 1000) * 1000;
    this.#state = { ...this.#state, heardAtMs };
    const failure = this.#failureIn(message);
    if (this.#pings > 0) this.#answerPings();
    if (!this.isConnected) {
      if (failure !== undefined) this.refuse(failure);
    } else if (this.#frames.length > 0 || failure !== undefined) {
      const frames = this.#frames;
      this.#frames = [];
      this.#events.packets(frames, failure);
    }
    const { hasPiece: _before, ...rest } = this.#state;
    this.#state = this.#splitter.pendingBytes > 0 ? { ...rest, hasPiece: true } : rest;
  }

  #answerPings(): void {
    counters.add("pings", this.#pings);
    this.#events.send(pingresps(this.#pings));
    this.#pings = 0;
  }

  #failureIn(message: string | ArrayBuffer): ProtocolFailure | undefined {
    if (typeof message === "string") return fail(ReasonCode.protocolError, "MQTT-6.0.0-1", "a text frame");
    const bytes = new Uint8Array(message);
    const [first] = bytes;
    const isFirst = !this.isConnected && this.#splitter.pendingBytes === 0;
    if (isFirst && first !== undefined && first >> 4 !== PacketType.connect) {
      return fail(ReasonCode.protocolError, "MQTT-3.1.0-1", "the first packet is not a CONNECT");
    }
    return this.#splitter.push(bytes, this.#takePacket);
  }

  readonly #takePacket = (frame: Uint8Array, start: number, end: number): void => {
    if (this.#isOver) return;
    if (!this.isConnected) return this.#takeConnect(frame, start, end);
    if (isPingreq(frame, start, end) && this.#events.isAnswered()) {
      this.#pings++;
      return;
    }
    this.#frames.push(frame.subarray(start, end));
  };

  #takeConnect(frame: Uint8Array, start: number, end: number): void {
    const decoded = decodeConnect(frame, start, end, this.#config);
    if (decoded.type === "refusal") {
      const { reason, rule, detail, connack } = decoded;
      return this.#end(() => this.#events.turnAway(fail(reason, rule, detail), connack));
    }
    const { hello } = this.#state;
    const failure = this.#failureOf(decoded);
    if (failure !== undefined) {
      const { version, maximumPacketBytes } = decoded;
      const connack = refusingConnack(failure.reason, this.#config);
      const bytes = encodePackets([connack], version, maximumPacketBytes);
      return this.#end(() => this.#events.turnAway(failure, bytes));
    }
    const silentMsMax = keepAliveSeconds(decoded, this.#config) * 1500;
    const { access: _access, limits: _limits, template: _template, traces: _traces, ...rest } = hello;
    this.#state = { ...this.#state, hello: rest, connectByMs: 0, silentMsMax };
    this.#events.connect(decoded, hello);
  }

  /** Why this CONNECT is not what the upgrade was about. */
  #failureOf(connect: Connect): ProtocolFailure | undefined {
    const { hello } = this.#state;
    if (connect.authenticationMethod !== undefined) {
      const detail = "who comes this way has proved with the upgrade who it is";
      return fail(ReasonCode.badAuthenticationMethod, "direct-authentication", detail);
    }
    if (connect.clientId !== hello.clientId) {
      const detail = `CONNECT names ${JSON.stringify(connect.clientId)}, and the address another client id`;
      return fail(ReasonCode.clientIdentifierNotValid, "direct-client-id", detail);
    }
    if (hello.username !== undefined && connect.username !== undefined && connect.username !== hello.username) {
      return fail(ReasonCode.notAuthorized, "direct-user", "CONNECT names another user than the upgrade");
    }
    const refusal = refusalOf(connect, this.#config, hello.username !== undefined);
    if (refusal !== undefined) return refusal;
    const denial = willDenial(connect.will, hello.access, this.#config.delayedSecondsMax);
    return denial === undefined ? undefined : fail(ReasonCode.notAuthorized, "will-denied", denial);
  }

  /** Before CONNECT nothing is said: nobody knows in which version. */
  refuse(failure: ProtocolFailure): void {
    this.#end(() => this.#events.turnAway(failure, undefined));
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
  }
}
