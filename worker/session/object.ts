// The session object, one for each client id: loads its session when it wakes, hands each event to src/session, and
// makes the effects come true in their order. It decides nothing about MQTT.

import { DurableObject } from "cloudflare:workers";
import { Decoder, walkPackets } from "../../src/codec/decode.ts";
import { decodeConnect } from "../../src/codec/decode-connect.ts";
import { encodePackets } from "../../src/codec/encode.ts";
import { Fence } from "../../src/hop/fence.ts";
import type { Stale } from "../../src/hop/key.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket, Connect, ServerPacket } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { wakeAtMs } from "../../src/session/closing.ts";
import { hasVisible } from "../../src/session/consume.ts";
import { type DeliveryAnswer, type DeliveryPart, refusedThenOwed } from "../../src/session/deliver.ts";
import type { Effects } from "../../src/session/effects.ts";
import { type Hold, holdMs, holdMsMax } from "../../src/session/holding.ts";
import type { ManageAnswer, Managed, ManageRequest } from "../../src/session/manage.ts";
import {
  type Connection,
  loadSession,
  queueDepth,
  type Session,
  snapshotOf,
  withoutWindow,
} from "../../src/session/state.ts";
import { administer, endEarlierCalls, inSteps, type SessionInput, step, take } from "../../src/session/step.ts";
import { SessionStore } from "../../src/store/session-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { Alarm, earlier } from "../alarm.ts";
import { Awake } from "../awake.ts";
import { beforePatiently } from "../before.ts";
import type { DeliveryCall } from "../calls.ts";
import { carryOut } from "../carry-out.ts";
import { closeQuietly } from "../close-quietly.ts";
import { configOf } from "../config.ts";
import { counters } from "../counters.ts";
import { directPath } from "../direct-hello.ts";
import type { Env } from "../env.ts";
import { Witness } from "../gate/witness.ts";
import { alivePing, alivePong, decodeHello, type Hello, type RightsNotice } from "../hello.ts";
import { newIncarnation } from "../incarnation.ts";
import { ObjectSql } from "../sql.ts";
import { countSent, countTaken } from "../traffic.ts";
import { Courier } from "./courier.ts";
import { Directs } from "./directs.ts";
import { ShardLanes } from "./lanes.ts";
import { isSilent, type Link } from "./link.ts";
import { Reporter } from "./reporter.ts";
import { Reports } from "./reports.ts";
import { type Attachment, AttachmentWriter, connectedSocket, readAttachment, writeAttachment } from "./socket.ts";
import { tellSys } from "./tell-sys.ts";
import { Tickets } from "./tickets.ts";
import { SessionTracing } from "./tracing.ts";
import { isTurnedAway } from "./turn-away.ts";
import { Waiters, waiterPath } from "./waiters.ts";

/** Groups of shared subscriptions whose last call is remembered, to answer a repeat of it. */
const groupsMax = 256;

export class SessionObject extends DurableObject<Env> {
  readonly #store: SessionStore;
  #session: Session;
  readonly #lanes: ShardLanes;
  readonly #fence: Fence<DeliveryAnswer | Promise<DeliveryAnswer>>;
  /** Deliveries that wait for their client or their row, and who hears of it. */
  readonly #holds = new Map<Hold, () => void>();
  readonly #reporter: Reporter;
  /** What clients were refused, where no edge notes it. */
  readonly #witness: Witness;
  readonly #reports: Reports;
  readonly #tickets = new Tickets();
  readonly #courier: Courier;
  readonly #waiters: Waiters;
  readonly #awake = new Awake(this.env.METRICS);
  readonly #tracing: SessionTracing;
  /** Clients with no edge between, by their sockets. */
  readonly #directs: Directs;
  #link: Link | undefined;
  #lastEpoch = 0;
  readonly #alarm: Alarm;
  /** Nothing has happened since the object woke. */
  #untouched = true;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(alivePing, alivePong));
    this.#waiters = new Waiters(ctx);
    const limits = configOf(env);
    const name = ctx.id.name as string;
    this.#store = new SessionStore(new Sql(new ObjectSql(ctx.storage)));
    this.#witness = new Witness(env);
    this.#reports = new Reports(env, this.#store, this.#witness, () => this.#wake());
    this.#fence = new Fence(limits.topicShards + groupsMax, (source) => this.#store.lastCall(source));
    const life = newIncarnation();
    const stored = this.#store.load();
    const connected = connectedSocket(ctx.getWebSockets());
    this.#session = loadSession(name, limits, this.#store, stored, connected?.attachment.snapshot, life);
    this.#lanes = new ShardLanes(env, name, life, {
      answered: (shard, items, answer) => this.#step({ type: "answered", shard, items, answer }).haltsLane,
      failed: (items) => this.#step({ type: "failed", items }),
    });
    this.#alarm = new Alarm(ctx.storage);
    this.#courier = new Courier(
      env,
      () => this.#session,
      this.#alarm,
      (take) => void this.#carryOut(take),
    );
    this.#tracing = new SessionTracing(env, () => ({ session: this.#session, nowMs: this.#alarm.nowMs }));
    this.#directs = new Directs(env, this.#alarm, this.#witness, {
      begin: (socket, connect, hello) => this.#begin(socket, connect, hello),
      packets: (socket, frames, failure) => {
        if (socket === this.#link?.socket) this.#takeFrames(this.#link, frames, failure);
      },
      broken: (socket) => {
        if (socket === this.#link?.socket) this.#step({ type: "closed" });
      },
      isAnswered: () => this.#session.opening === undefined,
      rights: (socket, rights) => {
        if (socket === this.#link?.socket) this.#step({ type: "rights", ...rights });
      },
      expelled: (socket, failure) => {
        if (socket === this.#link?.socket) this.#step({ type: "expelled", failure });
      },
    });
    const isListed = connected?.attachment.isListed === true;
    this.#reporter = new Reporter(env, this.#session, newIncarnation(), isListed, () => {
      this.#wake();
      this.#remember();
    });
    const connection = this.#session.connection;
    if (connected !== undefined && connection !== undefined) {
      const { epoch, alarmAtMs } = connected.attachment;
      this.#alarm.atMs = alarmAtMs;
      this.#linkTo(connected.socket, epoch, connection);
    } else {
      ctx.blockConcurrencyWhile(() => this.#alarm.load());
    }
  }

  /** The edge opens a socket, or hands over its client's own; CONNECT comes on it. */
  override fetch(request: Request): Response | Promise<Response> {
    this.#settleAbandoned();
    const { pathname } = new URL(request.url);
    if (pathname === waiterPath) return this.#waiters.accept(this.#hasNews());
    if (pathname === directPath) return this.#directs.accept(this.ctx, request);
    const { 0: edge, 1: own } = new WebSocketPair();
    this.ctx.acceptWebSocket(own);
    return new Response(null, { status: 101, webSocket: edge });
  }

  /** A gate: something has changed that the rights of a client with no edge rest on. False: it is not connected any more. */
  accessChanged(pass: string, revision: number): Promise<boolean> {
    const changed = () => this.#directs.changed(this.ctx.getWebSockets(), pass, revision).finally(() => this.#rest());
    return this.#awake.during(changed);
  }

  /** A gate: is this connection of a client with no edge still there? */
  hasDirect(pass: string): boolean {
    return this.#directs.find(this.ctx.getWebSockets(), pass) !== undefined;
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    return this.#awake.during(() => this.#takeMessage(socket, message));
  }

  async #takeMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    counters.add("socket_messages");
    const direct = socket === this.#link?.socket ? this.#link.direct : this.#directs.of(socket);
    if (direct !== undefined) {
      direct.take(message, this.#alarm.nowMs);
      if (socket !== this.#link?.socket) this.#directs.carry(socket, direct);
      this.#wake();
      this.#remember();
      await this.#rest();
      return;
    }
    if (typeof message === "string") {
      if (socket === this.#link?.socket) this.#takeNotice(JSON.parse(message) as RightsNotice);
      await this.#rest();
      return;
    }
    const frame = new Uint8Array(message);
    if (socket === this.#link?.socket) this.#takeFrames(this.#link, [frame], undefined);
    else if (readAttachment(socket).epoch === 0) this.#takeHello(socket, frame);
    await this.#rest();
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.#awake.during(() => this.#ended(socket));
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#awake.during(() => this.#ended(socket));
  }

  override alarm(): Promise<void> {
    return this.#awake.during(() => this.#alarm.ring(() => this.#ring()));
  }

  async #ring(): Promise<void> {
    this.#settleAbandoned();
    await this.#courier.run();
    this.#directs.turnOverdueAway(this.ctx.getWebSockets());
    const overdue = this.#link?.direct?.overdue(this.#alarm.nowMs);
    if (overdue === undefined && this.#link !== undefined) await this.#directs.look(this.#link.socket);
    if (overdue !== undefined) this.#step({ type: "packets", packets: [overdue] });
    else if (this.#link !== undefined && isSilent(this.ctx, this.#link, this.#session.connection, this.#alarm.nowMs))
      await this.#ended(this.#link.socket);
    else this.#step({ type: "tick" });
    this.#reporter.remind(this.#session, this.#alarm.nowMs);
    this.#reports.teller.remind(this.#session, this.#alarm.nowMs);
    await this.#rest();
  }

  /** For `/healthz`: it answers. */
  probe(): void {}

  /**
   * Messages from a topic shard. When this returns, they are durable here, acknowledged by the client, or nothing that
   * survives its connection is owed them.
   */
  deliver(call: DeliveryCall): Promise<DeliveryAnswer | Stale> {
    return this.#awake.during(() => this.#takeDelivery(call));
  }

  async #takeDelivery(call: DeliveryCall): Promise<DeliveryAnswer | Stale> {
    // What that sets in motion is not waited for: the shard could be waiting for this answer.
    this.#settleAbandoned();
    await this.#lanes.subscribing(call.shard);
    const admission = this.#fence.admit(call.key);
    if (admission.kind === "stale") return { stale: admission.known };
    if (call.key.endsEarlier) this.#carryOut(() => endEarlierCalls(this.#session, call.key, this.#alarm.nowMs));
    if (admission.kind === "repeat") {
      const known = await admission.answer;
      const first = known ?? { busy: false, parts: call.parts.map(() => ({ gone: false, refused: [] })) };
      const refused = refusedThenOwed(call.parts, first);
      if (refused.length === 0) return first;
      const again = await this.#take(call.shard, refused);
      if (!again.busy) this.#fence.settle(call.key, again);
      return again;
    }
    const answer = this.#take(call.shard, call.parts);
    if ("busy" in answer && answer.busy) this.#fence.forget(call.key);
    else this.#fence.settle(call.key, answer);
    return answer;
  }

  /** What an operator or a worker asks for over HTTP. What is answered holds. */
  async manage(request: ManageRequest): Promise<ManageAnswer> {
    this.#settleAbandoned();
    const ticket = this.#tickets.next();
    let managed: Managed | undefined;
    this.#carryOut(() => {
      const { effects, ...rest } = administer(this.#session, request, ticket, this.#alarm.nowMs);
      managed = rest;
      return effects;
    });
    const { answer, waits } = managed as unknown as Managed;
    const isSettled = waits ? this.#tickets.settled(ticket) : true;
    // Who looks closely corrects the list.
    if (request.kind === "describe") this.#reporter.remind(this.#session, this.#alarm.nowMs);
    if (request.kind === "settle" && request.action === "return") this.#waiters.tellSome(request.handles.length);
    await this.#rest();
    if (!(await isSettled)) return { kind: "unreachable" };
    return answer.kind === "described" ? { ...answer, recent: this.#reports.recent } : answer;
  }

  /** Whether somebody who waits for messages need not. */
  #hasNews(): boolean {
    const { record, connection } = this.#session;
    return record === undefined || connection !== undefined || hasVisible(this.#session, this.#alarm.nowMs);
  }

  #take(shard: number, parts: readonly DeliveryPart[]): DeliveryAnswer | Promise<DeliveryAnswer> {
    let taken: DeliveryAnswer | undefined;
    const { held, persist } = this.#carryOut(() => {
      const { answer, effects } = take(this.#session, shard, parts, this.#alarm.nowMs);
      taken = answer;
      return effects;
    });
    const answer = taken as unknown as DeliveryAnswer;
    if (persist.some(({ kind }) => kind === "put-segment")) counters.foundDepth(queueDepth(this.#session));
    // The shard waits for this answer, and not for what is told of it.
    if (this.#tracing.delivered(parts, answer)) this.ctx.waitUntil(this.#tracing.settled());
    if (this.#witness.isBusy) this.ctx.waitUntil(this.#witness.settled());
    return held === undefined ? answer : this.#settled(held).then(() => answer);
  }

  async #settled(held: Hold): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<true>();
    this.#holds.set(held, () => resolve(true));
    const isInTime = await beforePatiently(holdMs, holdMsMax, promise);
    if (isInTime === undefined) this.#step({ type: "late", hold: held });
    if (!held.isWritten) counters.add("batches_unwritten");
  }

  #takeHello(socket: WebSocket, frame: Uint8Array): void {
    const { hello, connectStart } = decodeHello(frame);
    const decoded = decodeConnect(frame, connectStart, frame.length, this.#session.limits);
    // The edge has checked it.
    if (decoded.type !== "connect") return closeQuietly(socket, 1011, decoded.detail);
    this.#begin(socket, decoded, hello);
  }

  #begin(socket: WebSocket, decoded: Connect, hello: Hello): void {
    if (isTurnedAway(this.#session, socket, decoded, hello, this.#witness)) return;
    if (this.#session.connection !== undefined) this.#step({ type: "taken-over" });
    const epoch = this.#lastEpoch + 1;
    this.#linkTo(socket, epoch, decoded);
    const { clientId, ...introduction } = hello;
    this.#step({ type: "connect", connect: { ...decoded, clientId }, epoch, ...introduction });
    if (this.#link?.direct !== undefined) counters.add("connections_opened");
    this.#waiters.tellAll();
  }

  #takeNotice({ rights, isExpelled, reason = ReasonCode.administrativeAction }: RightsNotice): void {
    this.#step(isExpelled ? { type: "expelled", told: reason } : { type: "rights", ...rights });
  }

  #takeFrames(link: Link, frames: readonly Uint8Array[], behind: ProtocolFailure | undefined): void {
    const packets: (ClientPacket | ProtocolFailure)[] = [];
    let failure: ProtocolFailure | undefined;
    for (const frame of frames) {
      failure ??= walkPackets(frame, (_frame, start, end) => {
        const packet = link.decoder.decode(frame, start, end);
        packets.push(packet);
      });
    }
    failure ??= behind;
    if (failure !== undefined) packets.push(failure);
    countTaken(packets);
    this.#tracing.received(packets);
    for (const together of inSteps(packets)) this.#step({ type: "packets", packets: together });
  }

  async #ended(socket: WebSocket): Promise<void> {
    if (this.#link === undefined) this.#recall(socket);
    this.#directs.left(socket);
    closeQuietly(socket);
    if (socket === this.#link?.socket) this.#step({ type: "closed" });
    await this.#rest();
  }

  /** An object that is woken by the end of its connection does not find that socket among the open ones. */
  #recall(socket: WebSocket): void {
    const { epoch, snapshot, alarmAtMs } = readAttachment(socket);
    if (snapshot === undefined) return;
    if (!this.#untouched) {
      // Something else woke it, and went by the rows alone: so does this.
      this.#settleAbandoned();
      this.#step({ type: "tick" });
      this.#reporter.remind(this.#session, this.#alarm.nowMs);
      return;
    }
    const { name, limits, life } = this.#session;
    this.#session = loadSession(name, limits, this.#store, this.#store.load(), snapshot, life);
    this.#alarm.atMs = alarmAtMs;
    this.#linkTo(socket, epoch, snapshot.connection);
    this.#reporter.correct(this.#session);
  }

  #linkTo(socket: WebSocket, epoch: number, client: Pick<Connection, "version" | "maximumPacketBytes">): void {
    const { version, maximumPacketBytes } = client;
    const attachment = new AttachmentWriter(socket);
    const direct = this.#directs.of(socket);
    const decoder = new Decoder(version, this.#session.limits);
    this.#link = { socket, attachment, epoch, decoder, direct, maximumPacketBytes };
    this.#lastEpoch = epoch;
  }

  /** Its connection has ended: whatever else the socket brings is too late. */
  #unlink({ socket, epoch, direct }: Link): void {
    this.#tracing.disconnected();
    this.#directs.left(socket);
    if (direct !== undefined) counters.add("connections_closed");
    this.#link = undefined;
    this.#store.keepConnectionWindow(undefined);
    try {
      writeAttachment(socket, { epoch, snapshot: undefined, alarmAtMs: 0 });
    } catch {
      // The socket is gone.
    }
  }

  /** Rows of a session that ended with a connection whose end nobody saw. */
  #settleAbandoned(): void {
    const { record, connection, will } = this.#session;
    if (record !== undefined || connection !== undefined || !this.#lanes.idle) return;
    // Wills that are due wait for their alarm, and say nothing about the rest.
    if (will === undefined && !this.#store.holdsSession) return;
    this.#step({ type: "abandoned" });
    this.#reporter.remind(this.#session, this.#alarm.nowMs);
  }

  #step(input: SessionInput): Effects {
    return this.#carryOut(() => step(this.#session, input, this.#alarm.nowMs));
  }

  /** Takes a step and makes its effects come true: persist, route, send, close, wake. */
  #carryOut(take: () => Effects): Effects {
    this.#untouched = false;
    this.#tracing.begin();
    return carryOut(this.ctx, { session: this.#session.name }, () => {
      const effects = take();
      this.#apply(effects);
      return effects;
    });
  }

  #apply(effects: Effects): void {
    const link = this.#link;
    this.#store.apply(effects.persist);
    this.#tracing.reported(effects.reports);
    this.#reports.take(effects, this.#session, link, this.#alarm.nowMs);
    if (effects.carriedOut.length > 0) this.#tickets.settle(effects);
    if (link === undefined) this.#waiters.tell(effects);
    for (const routing of effects.routings()) this.#lanes.push(routing);
    if (link !== undefined) {
      if (effects.send.length > 0) this.#send(link, effects.send);
      if (effects.sysChanged && link.direct === undefined) tellSys(link.socket, this.#session);
      if (effects.close !== undefined) closeQuietly(link.socket);
      if (this.#session.connection === undefined) this.#unlink(link);
    }
    for (const held of effects.settled) {
      this.#holds.get(held)?.();
      this.#holds.delete(held);
    }
    this.#reporter.note(this.#session, this.#alarm.nowMs);
    this.#wake();
    this.#remember();
  }

  #send(link: Link, packets: readonly ServerPacket[]): void {
    countSent(packets);
    this.#tracing.sent(packets);
    if (link.direct !== undefined) counters.add("frames_out");
    try {
      link.socket.send(encodePackets(packets, link.decoder.version, link.maximumPacketBytes));
    } catch (error) {
      // The edge has gone and its close event is on its way; what was not sent is still unfinished then.
      console.warn(JSON.stringify({ event: "not-sent", session: this.#session.name, error: `${error}` }));
    }
  }

  #wake(): void {
    const { nowMs } = this.#alarm;
    const direct = this.#link?.direct?.deadlineMs || undefined;
    const times = [direct, this.#reporter.wakeAtMs(nowMs), this.#reports.teller.wakeAtMs()];
    const atMs = times.reduce(earlier, wakeAtMs(this.#session, nowMs));
    if (atMs !== undefined) this.#alarm.wakeAt(atMs);
  }

  /** What hibernation must not lose stays with the socket. */
  #remember(): void {
    const { connection } = this.#session;
    if (this.#link === undefined || connection === undefined) return;
    const { epoch, attachment: writer, direct } = this.#link;
    const snapshot = snapshotOf(this.#session, connection);
    const carried = direct === undefined ? {} : { direct: direct.state };
    const { isHeard: isListed } = this.#reporter;
    const attachment: Attachment = { epoch, snapshot, alarmAtMs: this.#alarm.atMs, isListed, ...carried };
    if (writer.write(attachment)) return this.#store.keepConnectionWindow(undefined);
    this.#store.keepConnectionWindow(snapshot.window);
    if (!writer.write({ ...attachment, snapshot: withoutWindow(snapshot) })) {
      throw new RangeError("a connection's state does not fit its socket, even without its window");
    }
  }

  /** A handler ends when all that it set in motion has: nothing keeps the object awake afterwards. */
  async #rest(): Promise<void> {
    await this.#lanes.started();
    await Promise.all([this.#reporter.started(), this.#reports.teller.started()]);
    await this.#tracing.settled();
    await Promise.all([this.#directs.settled(), this.#witness.settled()]);
    if (!this.#lanes.idle) return;
    const { record, connection, will, dueWills, handBacks } = this.#session;
    if (record !== undefined || connection !== undefined || will !== undefined) return;
    if (dueWills.length > 0 || handBacks.length > 0) return;
    // A session that has ended leaves no database behind.
    if (this.#store.exists && this.#store.isEmpty && this.ctx.getWebSockets().length === 0) {
      const deleted = this.ctx.storage.deleteAll();
      // At once: other handlers run while this one waits, and would look for tables that are gone.
      this.#store.forgotten();
      // The alarm went with it.
      this.#alarm.atMs = 0;
      await deleted;
    }
  }
}
