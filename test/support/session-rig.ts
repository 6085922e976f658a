// A session as its object runs it, without the platform: the real rules and the real store on node:sqlite, lanes to
// shards whose answers the test gives, a clock that the test moves, and the ways an object can lose its memory.

import { Numbering } from "../../src/hop/key.ts";
import { Lane } from "../../src/hop/lane.ts";
import type { Connect, ServerPacket } from "../../src/protocol/packet.ts";
import type { DeliveryAnswer, DeliveryPart } from "../../src/session/deliver.ts";
import type { Effects } from "../../src/session/effects.ts";
import type { Hold } from "../../src/session/holding.ts";
import { defaultSessionLimits, type SessionLimits } from "../../src/session/limits.ts";
import type { Managed, ManageRequest } from "../../src/session/manage.ts";
import { type LaneItem, packItems, type Routing } from "../../src/session/outgoing.ts";
import type { Parcel, ParcelOutcome } from "../../src/session/parcel.ts";
import type { RetainedPage, ShardAnswer } from "../../src/session/routing.ts";
import { type ConnectionSnapshot, loadSession, type Session, snapshotOf } from "../../src/session/state.ts";
import { administer, parcelSettled, type SessionInput, step, take, takeParcel } from "../../src/session/step.ts";
import type { SessionTemplate } from "../../src/session/template.ts";
import { SessionStore } from "../../src/store/session-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { shardOf } from "../../src/topic/shards.ts";
import { NodeSql } from "./node-sql.ts";

export interface RigEvents {
  sent(packet: ServerPacket): void;
  routed(routing: Routing): void;
  closed(): void;
  effects(effects: Effects): void;
}

export interface Clock {
  nowMs: number;
}

export const rigShards = 4;

export class SessionRig {
  readonly name: string;
  readonly limits: SessionLimits;
  readonly sql = new Sql(new NodeSql());
  readonly #events: RigEvents;
  readonly #clock: Clock;
  session!: Session;
  store!: SessionStore;
  lanes = new Map<number, Lane<LaneItem>>();
  #epoch = 0;
  #lastTicket = 0;
  #incarnation = 0;
  #numbering!: Numbering;
  #settling: Lane<LaneItem> | undefined;

  constructor(limits: Partial<SessionLimits>, events: RigEvents, name = "c1", clock: Clock = { nowMs: 1_000_000 }) {
    this.limits = { ...defaultSessionLimits, topicShards: rigShards, heldMessagesMax: 0, ...limits };
    this.#events = events;
    this.name = name;
    this.#clock = clock;
    this.#load(undefined);
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  set nowMs(nowMs: number) {
    this.#clock.nowMs = nowMs;
  }

  get isConnected(): boolean {
    return this.session.connection !== undefined;
  }

  /** What a shard waits for; the object does not sleep meanwhile. */
  get held(): readonly Hold[] {
    return this.session.holding.held;
  }

  get isIdle(): boolean {
    return this.held.length === 0 && [...this.lanes.values()].every((lane) => lane.idle);
  }

  /** Memory is lost, and whatever was under way. */
  crash(): void {
    this.#load(undefined);
  }

  /** Memory is lost at a moment of rest: what the socket carries stays, if there is one. */
  sleep(): void {
    if (!this.isIdle) throw new Error("an object that waits for a shard does not sleep");
    const { connection } = this.session;
    const kept = connection === undefined ? undefined : JSON.stringify(snapshotOf(this.session, connection));
    this.#load(kept === undefined ? undefined : (JSON.parse(kept) as ConnectionSnapshot));
  }

  connect(connect: Connect, clientIdWasAssigned = false, template?: SessionTemplate): void {
    this.#settleAbandoned();
    if (this.isConnected) this.step({ type: "taken-over" });
    const first = template === undefined ? {} : { template };
    this.step({ type: "connect", connect, epoch: ++this.#epoch, clientIdWasAssigned, ...first });
  }

  tick(): void {
    this.#settleAbandoned();
    this.step({ type: "tick" });
  }

  deliver(shard: number, parts: readonly DeliveryPart[]): DeliveryAnswer {
    this.#settleAbandoned();
    const { effects, answer } = take(this.session, shard, parts, this.nowMs);
    this.#apply(effects);
    return answer;
  }

  manage(request: ManageRequest): Managed {
    this.#settleAbandoned();
    const { effects, ...managed } = administer(this.session, request, ++this.#lastTicket, this.nowMs);
    this.#apply(effects);
    return managed;
  }

  /** What its sink is to be sent now. */
  parcel(): Parcel | undefined {
    const { effects, parcel } = takeParcel(this.session, this.nowMs);
    this.#apply(effects);
    return parcel;
  }

  parcelSettled(parcel: Parcel, outcome: ParcelOutcome, jitter = 0): void {
    this.#apply(parcelSettled(this.session, parcel, outcome, jitter, this.nowMs));
  }

  step(input: SessionInput): Effects {
    return this.#apply(step(this.session, input, this.nowMs));
  }

  shardOf(topic: string): number {
    return shardOf(topic, this.limits.topicShardDepth, this.limits.topicShards);
  }

  /** What is in flight to a shard. */
  inFlight(shard: number): readonly LaneItem[] {
    return this.lanes.get(shard)?.flight?.items ?? [];
  }

  answer(shard: number, refused: readonly number[] = [], retained: readonly RetainedPage[] = []): void {
    this.#finish(shard, (items, lane) => {
      const answer: ShardAnswer = { refused, retained };
      if (this.step({ type: "answered", shard, items, answer }).haltsLane) {
        this.step({ type: "failed", items: lane.drain() });
      }
    });
  }

  fail(shard: number): void {
    this.#finish(shard, (items, lane) => this.step({ type: "failed", items: [...items, ...lane.drain()] }));
  }

  /** What a lane does between the answer to one call and the next. */
  #finish(shard: number, settle: (items: readonly LaneItem[], lane: Lane<LaneItem>) => void): void {
    const lane = this.lanes.get(shard);
    const flight = lane?.flight;
    if (lane === undefined || flight === undefined) throw new Error(`shard ${shard} was not asked`);
    this.#settling = lane;
    lane.finish();
    settle(flight.items, lane);
    this.#settling = undefined;
    lane.start();
  }

  #load(snapshot: ConnectionSnapshot | undefined): void {
    this.store = new SessionStore(this.sql);
    this.session = loadSession(this.name, this.limits, this.store, this.store.load(), snapshot, ++this.#incarnation);
    this.#numbering = new Numbering(`=${this.name}`, this.#incarnation);
    this.lanes = new Map();
  }

  /** As the object does before anything else. */
  #settleAbandoned(): void {
    const { record, connection, will } = this.session;
    if (record !== undefined || connection !== undefined || !this.isIdle) return;
    if (will !== undefined || this.store.holdsSession) this.step({ type: "abandoned" });
  }

  #apply(effects: Effects): Effects {
    this.store.apply(effects.persist);
    this.#events.effects(effects);
    for (const routing of effects.routings()) {
      let lane = this.lanes.get(routing.shard);
      if (lane === undefined) {
        lane = new Lane<LaneItem>(this.#numbering, packItems);
        this.lanes.set(routing.shard, lane);
      }
      lane.push(routing.item);
      this.#events.routed(routing);
    }
    for (const packet of effects.send) this.#events.sent(packet);
    if (effects.close !== undefined) this.#events.closed();
    for (const lane of this.lanes.values()) if (lane !== this.#settling) lane.start();
    return effects;
  }
}
