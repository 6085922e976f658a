// From a shard to the sessions: a lane to each, so that what several publishers send to one session leaves together and
// in order. A session that does not answer in time is owed: its deliveries become durable in the outbox and the
// publishers get their acknowledgement; everything later for it queues up behind them until the alarm has worked it off.

import { type CallKey, incarnationAbove, isStale, Numbering } from "../../src/hop/key.ts";
import { type Flight, Lane } from "../../src/hop/lane.ts";
import { countRecords } from "../../src/queue/record.ts";
import { type DeliveryAnswer, type DeliveryPart, type PartAnswer, refusedThenOwed } from "../../src/session/deliver.ts";
import type { OwedCall, ShardChange, ShardReads } from "../../src/shard/changes.ts";
import type { Tally } from "../../src/shard/outcome.ts";
import { packParts } from "../../src/shard/packing.ts";
import type { Delivery } from "../../src/shard/plan.ts";
import { before } from "../before.ts";
import type { DeliveryCall } from "../calls.ts";
import { counters, report } from "../counters.ts";
import { Deadline } from "../deadline.ts";
import type { Semaphore } from "../semaphore.ts";
import type { Relays } from "./relays.ts";
import { deadlineMs, type SessionCalls } from "./session-call.ts";

const callBytesMax = 1024 * 1024;
/** Calls that may be owed to one session; beyond, its publishers are refused. */
const owedCallsMax = 10_000;
const owedPageMax = 4;
const owedAtOnceMax = 8;
/** A session that is owed something has longer, but may not keep the others waiting either. */
const owedDeadlineMs = 10_000;
const firstPauseMs = 500;
const pauseMsMax = 60_000;
/** Numbers of released messages rise for ever. */
const releasedGeneration = 0;

/** Counts down the deliveries of one published batch. */
interface Ticket {
  left: number;
  /** A publisher waits to hear of it; otherwise what a queue refuses is owed to it. */
  readonly isRefusable: boolean;
  /** Indexes in the batch. */
  readonly refused: Set<number>;
  readonly settle: () => void;
}

interface Item {
  readonly part: DeliveryPart;
  readonly delivery: Delivery;
  readonly ticket: Ticket;
  readonly hear?: (answer: PartAnswer) => void;
}

/** Of one source; see src/shard/delayed.ts. */
export interface ReleasedBatch {
  readonly publisher: string;
  readonly deliveries: readonly Delivery[];
}

export interface FanOutParts {
  readonly shard: number;
  readonly incarnation: number;
  readonly reads: ShardReads;
  /** Counts the calls to sessions and relays that are under way. */
  readonly semaphore: Semaphore;
  readonly sessions: SessionCalls;
  readonly relays: Relays;
  /** A message that goes to more sessions than this goes by way of relays. */
  readonly directMax: number;
}

export interface FanOutEvents {
  persist(changes: readonly ShardChange[]): void;
  /** The session of this generation does not exist any more; these are topics it had routes for. */
  gone(session: string, generation: number, body: Uint8Array): void;
  wakeAt(atMs: number): void;
}

export class FanOut {
  readonly #shard: number;
  readonly #reads: ShardReads;
  readonly #events: FanOutEvents;
  readonly #numbering: Numbering;
  readonly #lanes = new Map<string, Lane<Item>>();
  readonly #semaphore: Semaphore;
  readonly #deadline = new Deadline(deadlineMs);
  readonly #sessions: SessionCalls;
  readonly #relays: Relays;
  readonly #directMax: number;
  /** Sessions with something in the outbox, and how many calls. */
  readonly #owed: Map<string, number>;
  /** Sessions to which a call may be under way that was given up. */
  readonly #inDoubt: Set<string>;
  #pauseMs = firstPauseMs;

  constructor(parts: FanOutParts, events: FanOutEvents) {
    const { shard, incarnation, reads, semaphore, sessions, relays, directMax } = parts;
    this.#shard = shard;
    this.#reads = reads;
    this.#semaphore = semaphore;
    this.#sessions = sessions;
    this.#relays = relays;
    this.#directMax = directMax;
    this.#events = events;
    const owed = reads.owedTargets();
    // What earlier lives owe goes first, also if the clock went back: the outbox is worked off in the order of its keys.
    const newest = owed.reduce((newest, { newestIncarnation }) => Math.max(newest, newestIncarnation), 0);
    this.#numbering = new Numbering(`shard-${shard}`, incarnationAbove(newest, incarnation));
    this.#owed = new Map(owed.map(({ target, calls }) => [target, calls]));
    this.#inDoubt = new Set(this.#owed.keys());
    if (this.#owed.size > 0) events.wakeAt(Date.now() + firstPauseMs);
  }

  /** Settles when every session has taken its messages over or is durably owed them; returns the refused indexes. */
  async send(
    publisher: string,
    publisherGeneration: number,
    deliveries: readonly Delivery[],
    isRefusable: boolean,
    tally?: Tally,
  ): Promise<number[]> {
    if (deliveries.length === 0) return [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const ticket: Ticket = { left: deliveries.length, isRefusable, refused: new Set(), settle: resolve };
    const isRelayed = deliveries.length > this.#directMax;
    for (const delivery of deliveries) {
      const item = itemOf(publisher, publisherGeneration, delivery, ticket);
      const heard =
        tally === undefined ? item : { ...item, hear: (answer: PartAnswer) => tally.heard(delivery, answer) };
      this.#push(heard, isRelayed);
    }
    await promise;
    return [...ticket.refused].sort((left, right) => left - right);
  }

  /** The same for messages whose publishers had their acknowledgements long ago: none is refused any more. */
  async release(batches: readonly ReleasedBatch[]): Promise<void> {
    const left = batches.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    if (left === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const ticket: Ticket = { left, isRefusable: false, refused: new Set(), settle: resolve };
    // There may be very many at once, so that what is owed becomes as few rows as it can.
    const owed = new Map<string, Item[]>();
    const isRelayed = left > this.#directMax;
    for (const { publisher, deliveries } of batches) {
      for (const delivery of deliveries) {
        const item = itemOf(publisher, releasedGeneration, delivery, ticket);
        const items = owed.get(delivery.session);
        if (items !== undefined) items.push(item);
        else if (this.#owed.has(delivery.session)) owed.set(delivery.session, [item]);
        else this.#push(item, isRelayed);
      }
    }
    for (const [target, items] of owed) this.#oweAll(target, items);
    await promise;
  }

  /** One part of QoS 0 to one session, which may not be there for it; undefined if it did not answer in time. */
  async ask(session: string, part: DeliveryPart): Promise<PartAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ticket: Ticket = { left: 1, isRefusable: true, refused: new Set(), settle: resolve };
    const { generation, body } = part;
    let heard: PartAnswer | undefined;
    const delivery: Delivery = {
      session,
      generation,
      body,
      count: countRecords(body),
      indexes: undefined,
      guaranteed: false,
    };
    this.#push({ part, delivery, ticket, hear: (answer) => (heard = answer) }, false);
    await promise;
    return heard;
  }

  /** Works the outbox off, as far as the sessions answer. */
  async deliverOwed(): Promise<void> {
    // A few at a time: what is owed to each is read page by page, and pages take memory.
    const targets = this.#owed.keys();
    let delivered = 0;
    const work = async () => {
      for (const target of targets) delivered += await this.#deliverOwedTo(target);
    };
    await Promise.all(Array.from({ length: owedAtOnceMax }, work));
    // A session that takes some of it, as its client empties its queue, is not kept waiting for the rest.
    if (delivered > 0) this.#pauseMs = firstPauseMs;
    if (this.#owed.size === 0) return;
    this.#events.wakeAt(Date.now() + this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
  }

  #push(item: Item, isRelayed: boolean): void {
    const target = item.delivery.session;
    if (this.#owed.has(target)) {
      this.#owe(target, [item]);
      return;
    }
    let lane = this.#lanes.get(target);
    if (lane === undefined) {
      lane = new Lane(this.#numbering, pack, this.#inDoubt.delete(target));
      this.#lanes.set(target, lane);
      lane.push(item);
      void this.#run(target, lane, isRelayed);
    } else {
      lane.push(item);
    }
  }

  /** Lives as long as its lane has something to send; whoever published it waits for its ticket. */
  async #run(target: string, lane: Lane<Item>, isRelayed: boolean): Promise<void> {
    for (let flight = lane.start(); flight !== undefined; flight = lane.start()) {
      const outcome = await (isRelayed
        ? this.#attemptRelayed(target, lane, flight)
        : this.#attempt(target, lane, flight));
      if (outcome === undefined) lane.doubt();
      const last = lane.flight ?? flight;
      lane.finish();
      if (outcome === undefined) {
        this.#owe(target, flight.items, last);
        this.#oweAll(target, lane.drain());
      } else {
        const rest = flight.items.flatMap((item, index) => this.#settle(item, outcome, index));
        // Nothing may overtake what has to wait.
        if (rest.length > 0) this.#oweAll(target, [...rest, ...lane.drain()]);
      }
    }
    this.#lanes.delete(target);
    if (lane.isInDoubt) this.#inDoubt.add(target);
  }

  /** The session's answer; undefined if there was none in time. */
  async #attempt(target: string, lane: Lane<Item>, flight: Flight<Item>): Promise<DeliveryAnswer | undefined> {
    await this.#semaphore.acquire();
    const startedMs = Date.now();
    const call = this.#sessions.deliver(target, this.#callOf(flight), (known) => lane.renew(known).key);
    const answer = await this.#deadline.within(call.catch(() => undefined));
    this.#semaphore.release();
    if (answer === undefined) this.#sessions.givenUp(target);
    else took(flight, startedMs);
    return answer;
  }

  /** The same by way of a relay. A session that knows a later life of this shard is called directly then. */
  async #attemptRelayed(target: string, lane: Lane<Item>, flight: Flight<Item>): Promise<DeliveryAnswer | undefined> {
    const startedMs = Date.now();
    const answer = await this.#relays.deliver(target, this.#callOf(flight));
    if (answer === undefined) return undefined;
    if (isStale(answer)) return this.#attempt(target, lane, lane.renew(answer.stale));
    took(flight, startedMs);
    return answer;
  }

  #callOf({ key, items }: Flight<Item>): DeliveryCall {
    return { key, shard: this.#shard, parts: items.map(({ part }) => part) };
  }

  /** What is left of it to be owed: nothing, unless it was refused and may not be. */
  #settle({ part, delivery, ticket, hear }: Item, answer: DeliveryAnswer, index: number): Item[] {
    const outcome = answer.parts[index];
    if (outcome !== undefined) hear?.(outcome);
    if (outcome?.gone) this.#events.gone(delivery.session, part.generation, part.body);
    const refused = outcome?.refused ?? [];
    if (refused.length > 0 && !ticket.isRefusable) {
      const rest = refusedThenOwed([{ ...part, owed: true }], { busy: false, parts: [{ gone: false, refused }] });
      return rest.map((left) => ({ part: left, delivery, ticket }));
    }
    for (const record of refused) ticket.refused.add(delivery.indexes?.[record] ?? record);
    if (--ticket.left === 0) ticket.settle();
    return [];
  }

  /** Into the outbox, in calls as large as they would have been. */
  #oweAll(target: string, items: readonly Item[]): void {
    for (let rest = items; rest.length > 0; ) {
      const count = pack(rest);
      this.#owe(target, rest.slice(0, count));
      rest = rest.slice(count);
    }
  }

  /** A call that was under way keeps its key, so that the session recognises it if it did arrive. */
  #owe(target: string, items: readonly Item[], flight?: Flight<Item>): void {
    const isGuaranteed = items.some(({ delivery }) => delivery.guaranteed);
    const calls = this.#owed.get(target) ?? 0;
    const detail = `${target}: does not take its messages`;
    const who = `shard-${this.#shard}`;
    if (!isGuaranteed) {
      // QoS 0 is neither kept nor sent twice.
      const count = items.reduce((sum, { delivery }) => sum + delivery.count, 0);
      report([{ event: "drop", reason: "qos0-late", count, detail }], who);
    } else if (calls >= owedCallsMax && items.every(({ ticket }) => ticket.isRefusable)) {
      report([{ event: "refusal", reason: "outbox-full", count: items.length, detail }], who);
      for (const item of items) this.#refuseAll(item);
    } else {
      counters.add("deliveries_owed");
      const { incarnation, sequence } = flight?.key ?? this.#numbering.next();
      const call: OwedCall = { target, incarnation, sequence, parts: items.map(({ part }) => part) };
      this.#events.persist([{ kind: "put-owed", call }]);
      this.#owed.set(target, calls + 1);
      if (calls === 0) this.#events.wakeAt(Date.now() + this.#pauseMs);
    }
    for (const { ticket } of items) if (--ticket.left === 0) ticket.settle();
  }

  #refuseAll({ delivery, ticket }: Item): void {
    for (let record = 0; record < delivery.count; record++) ticket.refused.add(delivery.indexes?.[record] ?? record);
  }

  /** How many calls the session took. */
  async #deliverOwedTo(target: string): Promise<number> {
    for (let delivered = 0; ; ) {
      const calls = this.#reads.owedCalls(target, owedPageMax);
      if (calls.length === 0) {
        this.#owed.delete(target);
        return delivered;
      }
      for (const owed of calls) {
        const outcome = await this.#deliverOwedCall(owed);
        if (outcome === "waits") return delivered;
        delivered++;
        // Those behind it are not the calls that were read.
        if (outcome === "taken under another key") break;
      }
    }
  }

  async #deliverOwedCall(owed: OwedCall): Promise<"taken" | "taken under another key" | "waits"> {
    const { target } = owed;
    let { incarnation, sequence } = owed;
    const named = { source: `shard-${this.#shard}`, incarnation, sequence };
    const key: CallKey = this.#inDoubt.delete(target) ? { ...named, endsEarlier: true } : named;
    const parts = owed.parts.map((part) => ({ ...part, owed: true }));
    await this.#semaphore.acquire();
    try {
      const answer = await before(
        owedDeadlineMs,
        this.#sessions.deliver(target, { key, shard: this.#shard, parts }, (known) => {
          const renamed = this.#renameOwed(target, known);
          ({ incarnation, sequence } = renamed);
          return renamed;
        }),
      );
      if (answer === undefined) {
        this.#inDoubt.add(target);
        this.#sessions.givenUp(target);
      }
      if (answer === undefined || answer.busy) return "waits";
      this.#events.persist([{ kind: "delete-owed", call: { target, incarnation, sequence } }]);
      this.#owed.set(target, (this.#owed.get(target) ?? 1) - 1);
      return sequence === owed.sequence && incarnation === owed.incarnation ? "taken" : "taken under another key";
    } catch (error) {
      this.#inDoubt.add(target);
      console.error(JSON.stringify({ event: "session-unreachable", target, shard: this.#shard, error: `${error}` }));
      return "waits";
    } finally {
      this.#semaphore.release();
    }
  }

  /**
   * The session knows a later life of this shard than the one that owed it the first call: all calls that it is owed get
   * keys above that, in their order, since it would take one whose key is below that of the call before for a repeat. Returns
   * the first one's.
   */
  #renameOwed(target: string, known: number): CallKey {
    this.#numbering.renew(known);
    let first: CallKey | undefined;
    for (let left = this.#owed.get(target) ?? 0; left > 0; ) {
      // Renamed, they are behind the others.
      const calls = this.#reads.owedCalls(target, Math.min(left, owedPageMax));
      const changes: ShardChange[] = calls.flatMap((call) => {
        const key = this.#numbering.next();
        first ??= key;
        const { incarnation, sequence } = key;
        return [
          { kind: "delete-owed", call },
          { kind: "put-owed", call: { ...call, incarnation, sequence } },
        ];
      });
      this.#events.persist(changes);
      left = calls.length === 0 ? 0 : left - calls.length;
    }
    if (first === undefined) throw new Error("nothing is owed to who was called for it");
    return first;
  }
}

function took({ items }: Flight<Item>, startedMs: number): void {
  const messages = items.reduce((sum, { delivery }) => sum + delivery.count, 0);
  counters.took("delivery", Date.now() - startedMs, messages);
}

function itemOf(publisher: string, publisherGeneration: number, delivery: Delivery, ticket: Ticket): Item {
  const { generation, body } = delivery;
  return { part: { publisher, publisherGeneration, generation, body, owed: false }, delivery, ticket };
}

const pack = packParts<Item>(callBytesMax);
