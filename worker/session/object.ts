// The session object, one for each client id: loads its session when it wakes, hands each event to src/session, and
// makes the effects come true in their order. It decides nothing about MQTT.

import { DurableObject } from "cloudflare:workers";
import { Decoder, walkPackets } from "../../src/codec/decode.ts";
import { decodeConnect } from "../../src/codec/decode-connect.ts";
import { encodePackets } from "../../src/codec/encode.ts";
import { Fence } from "../../src/hop/fence.ts";
import type { Stale } from "../../src/hop/key.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket } from "../../src/protocol/packet.ts";
import { wakeAtMs } from "../../src/session/closing.ts";
import type { DeliveryAnswer } from "../../src/session/deliver.ts";
import type { Effects } from "../../src/session/effects.ts";
import { loadSession, type Session, snapshotOf } from "../../src/session/state.ts";
import { type SessionInput, step, take } from "../../src/session/step.ts";
import { SessionStore } from "../../src/store/session-store.ts";
import { Sql } from "../../src/store/sql.ts";
import type { DeliveryCall } from "../calls.ts";
import { configOf } from "../config.ts";
import { counters, report } from "../counters.ts";
import type { Env } from "../env.ts";
import { alivePing, alivePong, decodeHello } from "../hello.ts";
import { ObjectSql } from "../sql.ts";
import { ShardLanes } from "./lanes.ts";
import { type Attachment, closeQuietly, connectedSocket, readAttachment, writeAttachment } from "./socket.ts";

/** A connection whose edge has not written for this long is gone, whatever the socket says. */
const silentMsMax = 20 * 60_000;

interface Link {
  readonly socket: WebSocket;
  readonly epoch: number;
  readonly decoder: Decoder;
}

export class SessionObject extends DurableObject<Env> {
  readonly #store: SessionStore;
  readonly #session: Session;
  readonly #lanes: ShardLanes;
  readonly #fence: Fence<DeliveryAnswer>;
  #link: Link | undefined;
  #lastEpoch = 0;
  #alarmAtMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(alivePing, alivePong));
    const limits = configOf(env);
    const name = ctx.id.name as string;
    this.#store = new SessionStore(new Sql(new ObjectSql(ctx.storage)));
    this.#fence = new Fence(limits.topicShards);
    const stored = this.#store.load();
    const connected = connectedSocket(ctx.getWebSockets());
    this.#session = loadSession(name, limits, this.#store, stored, connected?.attachment.snapshot);
    this.#lanes = new ShardLanes(env, name, Date.now(), {
      answered: (shard, items, answer) => this.#step({ type: "answered", shard, items, answer }),
      failed: (items) => this.#step({ type: "failed", items }),
    });
    this.#alarmAtMs = stored.record?.expiresAtMs ?? 0;
    const connection = this.#session.connection;
    if (connected !== undefined && connection !== undefined) {
      const { epoch, alarmAtMs } = connected.attachment;
      this.#alarmAtMs = alarmAtMs;
      this.#link = {
        socket: connected.socket,
        epoch,
        decoder: new Decoder(connection.version, { topicAliasMaximum: 0 }),
      };
      this.#lastEpoch = epoch;
    }
  }

  /** The edge opens a socket; the client's CONNECT comes as its first frame. */
  override fetch(_request: Request): Response {
    this.#settleAbandoned();
    const { 0: edge, 1: own } = new WebSocketPair();
    this.ctx.acceptWebSocket(own);
    return new Response(null, { status: 101, webSocket: edge });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    counters.add("socket_messages");
    if (typeof message === "string") return;
    const frame = new Uint8Array(message);
    if (socket === this.#link?.socket) this.#takeFrame(this.#link, frame);
    else if (readAttachment(socket).epoch === 0) this.#takeHello(socket, frame);
    await this.#rest();
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.#ended(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#ended(socket);
  }

  override async alarm(): Promise<void> {
    counters.add("alarms");
    this.#alarmAtMs = 0;
    this.#settleAbandoned();
    if (this.#link !== undefined && this.#isSilent(this.#link)) await this.#ended(this.#link.socket);
    else this.#step({ type: "tick" });
    await this.#rest();
  }

  /** Messages from a topic shard. When this returns, they are durable here, or on their way to the client. */
  async deliver(call: DeliveryCall): Promise<DeliveryAnswer | Stale> {
    this.#settleAbandoned();
    await this.#lanes.subscribing(call.shard);
    const admission = this.#fence.admit(call.key);
    if (admission.kind === "stale") return { stale: admission.known };
    if (admission.kind === "repeat") {
      return admission.answer ?? { busy: false, parts: call.parts.map(() => ({ gone: false, refused: [] })) };
    }
    const { effects, answer } = take(this.#session, call.shard, call.parts, Date.now());
    this.#apply(effects);
    if (answer.busy) this.#fence.forget(call.key);
    else this.#fence.settle(call.key, answer);
    return answer;
  }

  #takeHello(socket: WebSocket, frame: Uint8Array): void {
    const { hello, connectStart } = decodeHello(frame);
    const decoded = decodeConnect(frame, connectStart, frame.length);
    // The edge has checked it.
    if (decoded.type !== "connect") return closeQuietly(socket, 1011, decoded.detail);
    if (this.#session.connection !== undefined) this.#step({ type: "taken-over" });
    const epoch = ++this.#lastEpoch;
    this.#link = { socket, epoch, decoder: new Decoder(decoded.version, { topicAliasMaximum: 0 }) };
    const connect = { ...decoded, clientId: hello.clientId };
    this.#step({ type: "connect", connect, epoch, clientIdWasAssigned: hello.clientIdWasAssigned });
  }

  #takeFrame(link: Link, frame: Uint8Array): void {
    const packets: (ClientPacket | ProtocolFailure)[] = [];
    const failure = walkPackets(frame, (_frame, start, end) => packets.push(link.decoder.decode(frame, start, end)));
    if (failure !== undefined) packets.push(failure);
    this.#step({ type: "packets", packets });
  }

  async #ended(socket: WebSocket): Promise<void> {
    closeQuietly(socket, 1000, "");
    if (socket === this.#link?.socket) this.#step({ type: "closed" });
    await this.#rest();
  }

  /** Rows of a session that ended with a connection whose end nobody saw. */
  #settleAbandoned(): void {
    const { record, connection, will } = this.#session;
    if (record !== undefined || connection !== undefined || !this.#lanes.idle) return;
    if (will !== undefined || !this.#store.isEmpty) this.#step({ type: "abandoned" });
  }

  #step(input: SessionInput): void {
    this.#apply(step(this.#session, input, Date.now()));
  }

  /** Persist, route, send, close, wake. If it cannot be written, nothing of it may be seen: the object starts anew. */
  #apply(effects: Effects): void {
    const link = this.#link;
    try {
      this.#store.apply(effects.persist);
    } catch (error) {
      console.error(JSON.stringify({ event: "not-persisted", session: this.#session.name, error: `${error}` }));
      this.ctx.abort(`not persisted: ${error}`);
    }
    if (effects.reports.length > 0) this.#report(effects);
    for (const routing of effects.routings()) this.#lanes.push(routing);
    if (link !== undefined) {
      if (effects.send.length > 0) link.socket.send(encodePackets(effects.send, link.decoder.version));
      if (effects.close !== undefined) closeQuietly(link.socket, 1000, "");
      if (this.#session.connection === undefined) this.#link = undefined;
    }
    this.#wake();
    this.#remember();
  }

  #report(effects: Effects): void {
    report(effects.reports, this.#session.name);
    const drops = effects.reports.filter(({ event }) => event === "drop");
    if (drops.length > 0 && this.#session.record !== undefined) {
      this.#store.addDrops(new Map(drops.map(({ reason, count }) => [reason, count])));
    }
  }

  /** Sets the alarm when it is to ring earlier than it would: each setting is a row. A late one finds nothing to do. */
  #wake(): void {
    const nowMs = Date.now();
    const atMs = wakeAtMs(this.#session, nowMs);
    if (atMs === undefined || (this.#alarmAtMs > 0 && this.#alarmAtMs <= atMs)) return;
    this.#alarmAtMs = atMs;
    counters.add("alarms_set");
    this.ctx.storage.setAlarm(atMs);
  }

  /** What hibernation must not lose stays with the socket. */
  #remember(): void {
    const { connection } = this.#session;
    if (this.#link === undefined || connection === undefined) return;
    const { epoch, socket } = this.#link;
    const attachment: Attachment = {
      epoch,
      snapshot: snapshotOf(this.#session, connection),
      alarmAtMs: this.#alarmAtMs,
    };
    writeAttachment(socket, attachment);
  }

  #isSilent({ socket }: Link): boolean {
    const heard = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime();
    const since = heard ?? this.#session.connection?.connectedAtMs ?? 0;
    return Date.now() - since > silentMsMax;
  }

  /** A handler ends when all that it set in motion has: nothing keeps the object awake afterwards. */
  async #rest(): Promise<void> {
    await this.#lanes.settled();
    const { record, connection, will } = this.#session;
    if (record !== undefined || connection !== undefined || will !== undefined) return;
    // A session that has ended leaves no database behind.
    if (this.#store.exists && this.#store.isEmpty && this.ctx.getWebSockets().length === 0) {
      await this.ctx.storage.deleteAll();
      this.#store.forgotten();
    }
  }
}
