// From a shard to the sessions: a lane to each, so that what several publishers send to one session leaves together and
// in order.
//
// A session has a lane as long as somebody talks to it. What comes meanwhile waits there, its publishers with it.
// Who talks to a session that is owed nothing sends it what waits in the lane; to one that is owed something, first that, and
// then what has come to wait. One that does not answer in time, or has no room for what it is owed, has no lane any more: what
// waits there, and what comes after, is owed or refused at once (see `#owe`), until the alarm, or a publisher
// (see debts.ts), talks to it again. So a session falls behind only as long as it does not answer.

import { type CallKey, incarnationAbove, isStale, Numbering } from "../../src/hop/key.ts";
import { type Flight, Lane } from "../../src/hop/lane.ts";
import { countRecords, RecordReader } from "../../src/queue/record.ts";
import { type DeliveryAnswer, type DeliveryPart, type PartAnswer, refusedThenOwed } from "../../src/session/deliver.ts";
import type { OwedCall, OwedKey, OwedReads, ShardChange } from "../../src/shard/changes.ts";
import type { Tally } from "../../src/shard/outcome.ts";
import { packParts } from "../../src/shard/packing.ts";
import type { Delivery } from "../../src/shard/plan.ts";
import { before } from "../before.ts";
import type { DeliveryCall } from "../calls.ts";
import { counters, report } from "../counters.ts";
import { Deadline } from "../deadline.ts";
import type { Semaphore } from "../semaphore.ts";
import { Debts, type OutboxRefusal, type Standing } from "./debts.ts";
import type { Relays } from "./relays.ts";
import { deadlineMs, type SessionCalls } from "./session-call.ts";
import { Ticket } from "./ticket.ts";

const callBytesMax = 1024 * 1024;
/** By the alarm, and by publishers as many: what leaves for a session that is owed something takes memory. */
const owedAtOnceMax = 8;
/** A session that is owed something has longer, but may not keep the others waiting either. */
const owedDeadlineMs = 10_000;
/** Then the rest is left to the next alarm: the platform ends one that takes 15 minutes. */
const roundMsMax = 60_000;
const firstPauseMs = 500;
const pauseMsMax = 60_000;
/** Numbers of released messages rise for ever. */
const releasedGeneration = 0;

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
  readonly reads: OwedReads;
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
  readonly #events: FanOutEvents;
  readonly #numbering: Numbering;
  readonly #lanes = new Map<string, Lane<Item>>();
  readonly #semaphore: Semaphore;
  readonly #deadline = new Deadline(deadlineMs);
  readonly #sessions: SessionCalls;
  readonly #relays: Relays;
  readonly #directMax: number;
  readonly #debts: Debts;
  /** Sessions that are owed something and are talked to. */
  readonly #asked = new Set<string>();
  /** Sessions to which a call may be under way that was given up. */
  readonly #inDoubt: Set<string>;
  #pauseMs = firstPauseMs;

  constructor(parts: FanOutParts, events: FanOutEvents) {
    const { shard, incarnation, reads, semaphore, sessions, relays, directMax } = parts;
    this.#shard = shard;
    this.#semaphore = semaphore;
    this.#sessions = sessions;
    this.#relays = relays;
    this.#directMax = directMax;
    this.#events = events;
    this.#debts = new Debts(reads);
    // What earlier lives owe goes first, also if the clock went back: the outbox is worked off in the order of its keys.
    this.#numbering = new Numbering(`shard-${shard}`, incarnationAbove(this.#debts.newestIncarnation, incarnation));
    this.#inDoubt = new Set(this.#debts.targets());
    if (this.#debts.size > 0) events.wakeAt(Date.now() + firstPauseMs);
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
    const ticket = new Ticket(deliveries.length, isRefusable);
    const isRelayed = deliveries.length > this.#directMax;
    for (const delivery of deliveries) {
      const item = itemOf(publisher, publisherGeneration, delivery, ticket);
      const heard =
        tally === undefined ? item : { ...item, hear: (answer: PartAnswer) => tally.heard(delivery, answer) };
      this.#push(heard, isRelayed);
    }
    await ticket.settled;
    return ticket.refused;
  }

  /** The same for messages whose publishers had their acknowledgements long ago: none is refused any more. */
  async release(batches: readonly ReleasedBatch[]): Promise<void> {
    const left = batches.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    if (left === 0) return;
    const ticket = new Ticket(left, false);
    // There may be very many at once, so that what is owed becomes as few rows as it can.
    const owed = new Map<string, Item[]>();
    const isRelayed = left > this.#directMax;
    for (const { publisher, deliveries } of batches) {
      for (const delivery of deliveries) {
        const item = itemOf(publisher, releasedGeneration, delivery, ticket);
        const items = owed.get(delivery.session);
        if (items !== undefined) items.push(item);
        else if (this.#debts.has(delivery.session) && !this.#lanes.has(delivery.session))
          owed.set(delivery.session, [item]);
        else this.#push(item, isRelayed);
      }
    }
    for (const [target, items] of owed) this.#owe(target, items);
    await ticket.settled;
  }

  /** One part of QoS 0 to one session, which may not be there for it; undefined if it did not answer in time. */
  async ask(session: string, part: DeliveryPart): Promise<PartAnswer | undefined> {
    const ticket = new Ticket(1, true);
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
    await ticket.settled;
    return heard;
  }

  /** Works the outbox off, as far as the sessions answer and time allows. */
  async deliverOwed(): Promise<void> {
    const targets = this.#debts.targets();
    const endMs = Date.now() + roundMsMax;
    let tried = 0;
    let delivered = 0;
    const work = async () => {
      while (tried < targets.length && Date.now() < endMs) {
        const target = targets[tried++] as string;
        if (!this.#debts.has(target) || this.#asked.has(target)) continue;
        delivered += await this.#deliverOwedTo(target, new Lane(this.#numbering, pack), endMs);
      }
    };
    await Promise.all(Array.from({ length: owedAtOnceMax }, work));
    // Those whose turn has not come do not wait for those that hang.
    if (delivered > 0 || tried < targets.length) this.#pauseMs = firstPauseMs;
    if (this.#debts.size === 0) return;
    this.#events.wakeAt(Date.now() + this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
  }

  #push(item: Item, isRelayed: boolean): void {
    const target = item.delivery.session;
    const known = this.#lanes.get(target);
    if (known !== undefined) {
      known.push(item);
    } else if (!this.#debts.has(target)) {
      const lane = new Lane(this.#numbering, pack, this.#inDoubt.delete(target));
      this.#lanes.set(target, lane);
      lane.push(item);
      void this.#run(target, lane, isRelayed);
    } else if (this.#asked.size < owedAtOnceMax && this.#debts.mayAsk(target, Date.now())) {
      const lane = new Lane(this.#numbering, pack);
      lane.push(item);
      void this.#deliverOwedTo(target, lane, Date.now() + roundMsMax);
    } else {
      this.#owe(target, [item]);
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
        this.#oweFlight(target, last);
        this.#owe(target, lane.drain());
      } else {
        const rest = flight.items.flatMap((item, index) => this.#settle(item, outcome, index));
        this.#refuseBehind(target, lane, flight);
        if (rest.length === 0) continue;
        this.#debts.rest(target, "full", Date.now());
        // Nothing may overtake what has to wait.
        this.#owe(target, [...rest, ...lane.drain()]);
      }
    }
    this.#lanes.delete(target);
    if (lane.isInDoubt) this.#inDoubt.add(target);
  }

  /**
   * A large batch is several calls. Behind what the session has refused of it the rest is refused as well, also if there is room by
   * then: the session would remember how far it came, and take what comes again for what it had.
   */
  #refuseBehind(target: string, lane: Lane<Item>, { items }: Flight<Item>): void {
    if (!items.some(({ ticket }) => ticket.isRefusedInPart)) return;
    const behind = lane.drain(({ delivery, ticket }) => delivery.guaranteed && ticket.wasRefusedBy(target));
    if (behind.length > 0) this.#refuse(target, behind, "queue-full");
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
    if (refused.length > 0) ticket.refuse(delivery, refused);
    ticket.countDown();
    return [];
  }

  /** A call that the session did not answer is owed as it is, under its key, or not at all. */
  #oweFlight(target: string, { key, items }: Flight<Item>): void {
    const isOwed = this.#debts.refusal(target) === undefined || items.some(({ ticket }) => !ticket.isRefusable);
    if (!isOwed || !items.some(({ delivery }) => delivery.guaranteed)) {
      this.#owe(target, items);
      return;
    }
    const { incarnation, sequence } = key;
    this.#kept(target, items, (parts) => this.#debts.owe({ target, incarnation, sequence }, parts));
  }

  /**
   * What becomes of messages to a session that nobody talks to:
   * 1. QoS 0 is neither kept nor sent twice: it is dropped;
   * 2. if the session has no room, or as much is owed as may be, those are refused whose publishers can be told;
   * 3. the others are owed, in calls as large as they would have been.
   */
  #owe(target: string, items: readonly Item[]): void {
    const late = items.filter(({ delivery }) => !delivery.guaranteed);
    if (late.length > 0) this.#drop(target, late);
    for (let rest = items.filter(({ delivery }) => delivery.guaranteed); rest.length > 0; ) {
      const refusal = this.#debts.refusal(target);
      if (refusal !== undefined) {
        const refusable = rest.filter(({ ticket }) => ticket.isRefusable);
        if (refusable.length > 0) this.#refuse(target, refusable, refusal);
        rest = rest.filter(({ ticket }) => !ticket.isRefusable);
        if (rest.length === 0) return;
      }
      const count = pack(rest);
      const call = rest.slice(0, count);
      rest = rest.slice(count);
      this.#kept(target, call, (parts) => this.#debts.oweBehind(target, parts, this.#numbering));
    }
  }

  #kept(target: string, items: readonly Item[], owe: (parts: readonly DeliveryPart[]) => ShardChange): void {
    counters.add("deliveries_owed");
    const isFirst = this.#debts.callsTo(target) === 0;
    this.#events.persist([owe(items.map(({ part }) => part))]);
    // Whoever has not answered for long does not make it wait.
    if (isFirst) this.#events.wakeAt(Date.now() + firstPauseMs);
    settled(items);
  }

  #drop(target: string, items: readonly Item[]): void {
    const detail = `${target}: does not take its messages`;
    report([{ event: "drop", reason: "qos0-late", count: messagesIn(items), detail }], `shard-${this.#shard}`);
    settled(items);
  }

  #refuse(target: string, items: readonly Item[], reason: OutboxRefusal): void {
    const { publisher, body } = (items[0] as Item).part;
    const reader = new RecordReader(body);
    reader.next();
    const detail = `${target}: does not take topic ${reader.topic} from ${publisher}`;
    report([{ event: "refusal", reason, count: messagesIn(items), detail }], `shard-${this.#shard}`);
    for (const { delivery, ticket, hear } of items) {
      const refused = Array.from({ length: delivery.count }, (_, record) => record);
      hear?.({ gone: false, refused });
      ticket.refuse(delivery, refused);
    }
    settled(items);
  }

  /**
   * Sends a session what it is owed, until it has all of it, or does not take it, or time is up; then what has come to wait in
   * its lane. Returns how many calls of what it was owed the session took.
   */
  async #deliverOwedTo(target: string, lane: Lane<Item>, endMs: number): Promise<number> {
    this.#asked.add(target);
    this.#lanes.set(target, lane);
    let waitingSinceMs = Date.now();
    let delivered = 0;
    for (;;) {
      const owed = this.#debts.next(target);
      if (owed === undefined) {
        void this.#run(target, lane, false);
        break;
      }
      const standing = Date.now() < endMs ? await this.#deliverOwedCall(owed, lane) : "ready";
      if (standing !== undefined) {
        this.#rest(target, lane, standing);
        break;
      }
      delivered++;
      // Nobody waits longer than for a session that does not answer.
      if (Date.now() - waitingSinceMs < deadlineMs) continue;
      waitingSinceMs = Date.now();
      this.#owe(target, lane.drain());
    }
    this.#asked.delete(target);
    // One that takes some of it, as its client empties its queue, is not kept waiting for the rest.
    if (delivered > 0 && this.#debts.has(target)) this.#events.wakeAt(Date.now() + firstPauseMs);
    return delivered;
  }

  /** What the session is from now on, if it did not take it. */
  async #deliverOwedCall(owed: OwedCall, lane: Lane<Item>): Promise<Standing | undefined> {
    const { target } = owed;
    let { incarnation, sequence } = owed;
    const named = { source: `shard-${this.#shard}`, incarnation, sequence };
    const key: CallKey = this.#inDoubt.delete(target) ? { ...named, endsEarlier: true } : named;
    const parts = owed.parts.map((part) => ({ ...part, owed: true }));
    await this.#semaphore.acquire();
    try {
      const call = this.#sessions.deliver(target, { key, shard: this.#shard, parts }, (known) => {
        ({ incarnation, sequence } = this.#renameOwed(target, known));
        return { ...key, incarnation, sequence };
      });
      const answer = (await this.#deadline.within(call)) ?? (await this.#waitAlone(target, lane, call));
      if (answer?.busy) return "full";
      if (answer !== undefined) {
        this.#events.persist([this.#debts.taken({ target, incarnation, sequence }, owed.parts)]);
        return undefined;
      }
      this.#sessions.givenUp(target);
    } catch (error) {
      console.error(JSON.stringify({ event: "session-unreachable", target, shard: this.#shard, error: `${error}` }));
    } finally {
      this.#semaphore.release();
    }
    this.#inDoubt.add(target);
    return "silent";
  }

  /** The session has longer than those who have come to wait behind what it is owed. */
  async #waitAlone(
    target: string,
    lane: Lane<Item>,
    call: Promise<DeliveryAnswer>,
  ): Promise<DeliveryAnswer | undefined> {
    this.#rest(target, lane, "silent");
    const answer = await before(owedDeadlineMs - deadlineMs, call);
    if (answer !== undefined) this.#lanes.set(target, lane);
    return answer;
  }

  #rest(target: string, lane: Lane<Item>, standing: Standing): void {
    this.#lanes.delete(target);
    this.#debts.rest(target, standing, Date.now());
    this.#owe(target, lane.drain());
  }

  #renameOwed(target: string, known: number): OwedKey {
    this.#numbering.renew(known);
    const { first, changes } = this.#debts.rename(target, this.#numbering);
    this.#events.persist(changes);
    return first;
  }
}

function settled(items: readonly Item[]): void {
  for (const { ticket } of items) ticket.countDown();
}

function messagesIn(items: readonly Item[]): number {
  return items.reduce((sum, { delivery }) => sum + delivery.count, 0);
}

function took({ items }: Flight<Item>, startedMs: number): void {
  counters.took("delivery", Date.now() - startedMs, messagesIn(items));
}

function itemOf(publisher: string, publisherGeneration: number, delivery: Delivery, ticket: Ticket): Item {
  const { generation, body } = delivery;
  return { part: { publisher, publisherGeneration, generation, body, owed: false }, delivery, ticket };
}

const pack = packParts<Item>(callBytesMax);
