// The session's way to the topic shards: a lane to each, one call in flight in each, repeated under the same key until it
// is answered. What the answer means is decided in src/session.

import { isStale, Numbering, type Stale } from "../../src/hop/key.ts";
import { type Flight, Lane } from "../../src/hop/lane.ts";
import {
  joinBodies,
  type LaneItem,
  type PublishItem,
  packItems,
  type Routing,
  streamOf,
} from "../../src/session/outgoing.ts";
import type { ShardAnswer } from "../../src/session/routing.ts";
import type { ShardRequest } from "../calls.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { KeptStubs } from "../kept-stubs.ts";
import { withRetries } from "../retry.ts";
import type { TopicShard } from "../shard/object.ts";
import { shardStub } from "../stubs.ts";

export interface LaneEvents {
  /** True if the messages that wait in the lane must not follow. */
  answered(shard: number, items: readonly LaneItem[], answer: ShardAnswer): boolean;
  failed(items: readonly LaneItem[]): void;
}

/** A session mostly has to do with few of them. */
const stubsMax = 16;

export class ShardLanes {
  readonly #stubs: KeptStubs<number, DurableObjectStub<TopicShard>>;
  readonly #session: string;
  readonly #events: LaneEvents;
  readonly #numbering: Numbering;
  readonly #lanes = new Map<number, Lane<LaneItem>>();
  readonly #running = new Set<number>();
  #started: Promise<void>[] = [];
  /** Settled when the shard's answer to a SUBSCRIBE has been taken in. */
  readonly #subscribing = new Map<number, Promise<unknown>>();

  constructor(env: Env, session: string, incarnation: number, events: LaneEvents) {
    this.#stubs = new KeptStubs((shard) => shardStub(env, shard), stubsMax);
    this.#session = session;
    this.#events = events;
    this.#numbering = new Numbering(`=${session}`, incarnation);
  }

  get idle(): boolean {
    return this.#running.size === 0;
  }

  push({ shard, item }: Routing): void {
    let lane = this.#lanes.get(shard);
    if (lane === undefined) {
      lane = new Lane(this.#numbering, packItems);
      this.#lanes.set(shard, lane);
    }
    lane.push(item);
    if (this.#running.has(shard)) return;
    this.#running.add(shard);
    this.#started.push(this.#run(shard, lane));
  }

  /**
   * What was set in motion since the last time, until it comes to rest. The handler that did it waits for it, so that
   * nothing runs in an object that seems to be idle; under load one handler waits, not each.
   */
  async started(): Promise<void> {
    while (this.#started.length > 0) {
      const started = this.#started;
      this.#started = [];
      await Promise.all(started);
    }
  }

  /**
   * What a shard delivers waits while it is being asked to subscribe: its answer holds retained messages that are older.
   * A shard answers that at once and without asking anybody, so nobody waits in a circle.
   */
  subscribing(shard: number): Promise<unknown> | undefined {
    return this.#subscribing.get(shard);
  }

  async #run(shard: number, lane: Lane<LaneItem>): Promise<void> {
    // What a handler pushes in one go leaves together.
    await Promise.resolve();
    for (let flight = lane.start(); flight !== undefined; flight = lane.start()) {
      const { items } = flight;
      const startedMs = Date.now();
      const call = this.#call(shard, lane, flight).catch((error: unknown) => this.#unreachable(shard, error));
      const [first] = items;
      if (first?.kind === "subscribe" || first?.kind === "replay") this.#subscribing.set(shard, call);
      const answer = await call;
      this.#subscribing.delete(shard);
      if (answer === undefined) lane.doubt();
      lane.finish();
      if (answer !== undefined) counters.took("puback", Date.now() - startedMs, acknowledgedIn(items));
      // Nothing may overtake what failed: what waits behind it goes back to the client as well.
      if (answer === undefined) this.#events.failed([...items, ...lane.drain()]);
      else if (this.#events.answered(shard, items, answer)) this.#events.failed(lane.drain(comesAgain));
    }
    this.#running.delete(shard);
  }

  #unreachable(shard: number, error: unknown): undefined {
    console.error(JSON.stringify({ event: "shard-unreachable", shard, session: this.#session, error: `${error}` }));
    return undefined;
  }

  async #call(shard: number, lane: Lane<LaneItem>, flight: Flight<LaneItem>): Promise<ShardAnswer> {
    return withRetries(async (attempt) => {
      if (attempt > 0) lane.doubt();
      let answer = await this.#exchange(shard, this.#request(lane.flight ?? flight, attempt > 0));
      if (isStale(answer)) answer = await this.#exchange(shard, this.#request(lane.renew(answer.stale), false));
      if (isStale(answer)) throw new Error("the shard refuses the newest incarnation");
      return answer;
    });
  }

  #exchange(shard: number, request: ShardRequest): Promise<ShardAnswer | Stale> {
    return this.#stubs.call(shard, async (stub) => stub.exchange(request));
  }

  #request({ key, items }: Flight<LaneItem>, repeated: boolean): ShardRequest {
    const first = items[0] as LaneItem;
    const session = this.#session;
    switch (first.kind) {
      case "publish": {
        const messages = items as readonly PublishItem[];
        const { generation, will } = first;
        const batch = { body: joinBodies(messages), stream: streamOf(messages), isWill: will !== undefined };
        return { kind: "publish", key, session, generation, ...batch, repeated };
      }
      case "subscribe":
        return { kind: "subscribe", key, session, generation: first.generation, entries: first.entries };
      case "unsubscribe":
        return { kind: "unsubscribe", key, session, generation: first.generation, filters: first.filters };
      case "attend":
        return { kind: "attend", key, session, generation: first.generation, room: first.room };
      case "hand-back":
        return { kind: "hand-back", key, share: first.handBack.share, body: first.handBack.body };
      case "replay":
        return { kind: "replay", key, entry: first.entry, after: first.replay.after };
    }
  }
}

/** With messages their client comes again. The end of its session, which may wait behind them, is said once. */
function comesAgain(item: LaneItem): boolean {
  return item.kind === "publish" && item.will === undefined;
}

/** Messages whose acknowledgements waited for the answer. */
function acknowledgedIn(items: readonly LaneItem[]): number {
  return items.reduce((sum, item) => {
    return item.kind === "publish" ? sum + item.pending.filter((pending) => pending !== undefined).length : sum;
  }, 0);
}
