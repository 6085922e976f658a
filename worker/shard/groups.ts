// The groups of a shard: makes the calls that src/shard/group.ts asks for, and writes down what follows from the answers.

import { Numbering } from "../../src/hop/key.ts";
import type { QueueLimits } from "../../src/queue/limits.ts";
import { concatenate, RecordReader, RecordWriter } from "../../src/queue/record.ts";
import type { DeliveryPart, PartAnswer } from "../../src/session/deliver.ts";
import type { Source } from "../../src/shard/backlog.ts";
import type { GroupReads, Member, ShardChange } from "../../src/shard/changes.ts";
import { admit, ShareGroup } from "../../src/shard/group.ts";
import { onTerms } from "../../src/shard/group-row.ts";
import type { Offer, OfferOutcome } from "../../src/shard/offer.ts";
import type { SharedBatch } from "../../src/shard/plan.ts";
import type { ShareStrategy } from "../../src/shard/strategy.ts";
import { before } from "../before.ts";
import { report } from "../counters.ts";
import type { Semaphore } from "../semaphore.ts";
import type { FanOut } from "./fan-out.ts";
import { deadlineMs, type SessionCalls } from "./session-call.ts";

const firstPauseMs = 500;
const pauseMsMax = 60_000;
/** It wakes after this should it be evicted with offers under way that nobody waits for, and to see who is still full. */
const watchMs = 30_000;
/** Groups with nothing to do that are remembered, for what is known of their members. */
const idleGroupsMax = 1_000;

export interface GroupsOptions extends QueueLimits {
  readonly sharedStrategy: ShareStrategy;
}

export interface GroupsParts {
  readonly shard: number;
  readonly incarnation: number;
  readonly reads: GroupReads;
  /** Counts the calls to sessions that are under way. */
  readonly semaphore: Semaphore;
  readonly sessions: SessionCalls;
  readonly fanOut: FanOut;
  readonly options: GroupsOptions;
}

export interface GroupsEvents {
  persist(changes: readonly ShardChange[]): void;
  wakeAt(atMs: number): void;
}

export class Groups {
  readonly #shard: number;
  readonly #incarnation: number;
  readonly #reads: GroupReads;
  readonly #semaphore: Semaphore;
  readonly #sessions: SessionCalls;
  readonly #fanOut: FanOut;
  readonly #options: GroupsOptions;
  readonly #events: GroupsEvents;
  readonly #groups = new Map<string, ShareGroup>();
  /** Groups that were made in this object's life, of which some may have been forgotten. */
  #made = 0;
  #pauseMs = firstPauseMs;

  constructor(parts: GroupsParts, events: GroupsEvents) {
    const { shard, incarnation, reads, semaphore, sessions, fanOut, options } = parts;
    this.#shard = shard;
    this.#incarnation = incarnation;
    this.#reads = reads;
    this.#semaphore = semaphore;
    this.#sessions = sessions;
    this.#fanOut = fanOut;
    this.#options = options;
    this.#events = events;
    for (const share of reads.shares()) this.#group(share);
    if (this.#groups.size > 0) events.wakeAt(Date.now() + firstPauseMs);
  }

  /** What keeping these messages takes; `refused` are indexes in the batch, and grow. */
  admit(batches: readonly SharedBatch[], source: Source, refused: Set<number>): ShardChange[] {
    const groups = batches.map((batch) => ({ group: this.#group(batch.share), batch }));
    return admit(groups, source, refused, Date.now());
  }

  /** The same for messages that nobody would come again with. */
  release(batches: readonly SharedBatch[], source?: Source): ShardChange[] {
    const nowMs = Date.now();
    return batches.flatMap((batch) => this.#group(batch.share).release(batch, nowMs, source));
  }

  /** What a session that has ended had not finished. */
  handBack(share: string, body: Uint8Array): void {
    const group = this.#group(share);
    this.#events.persist(group.handBack(body, Date.now()));
    this.#dispatchAlone(group);
  }

  /** Settles when the offers that were due are answered; what follows from the answers goes on by itself. */
  async dispatch(batches: readonly SharedBatch[], publisher: string): Promise<void> {
    const offered = batches.flatMap(({ share }) => this.#start(this.#group(share)));
    const loose = batches.map((batch) => this.#sendLoose(batch, publisher));
    await Promise.all([...offered, ...loose]);
  }

  /** A member is connected and can take so many messages. */
  attend(session: string, room: number): void {
    for (const group of this.#groups.values()) if (group.attend(session, room)) this.#dispatchAlone(group);
  }

  /** A session of this generation has subscribed to something, or unsubscribed. */
  replaced(session: string, generation: number): void {
    for (const group of this.#groups.values()) if (group.replaced(session, generation)) this.#dispatchAlone(group);
  }

  /** There is no such session, of this generation: something else was sent to it. */
  gone(session: string, generation: number): void {
    for (const group of this.#groups.values()) {
      if (!group.isMember(session, generation)) continue;
      this.#events.persist(group.gone(session, generation));
      this.#dispatchAlone(group);
    }
  }

  membersChanged(share: string): void {
    const group = this.#group(share);
    this.#events.persist(group.membersChanged());
    this.#dispatchAlone(group);
  }

  /** The alarm: see ShareGroup.retry. */
  async retry(): Promise<void> {
    const groups = [...this.#groups.values()];
    for (const group of groups) group.retry();
    await Promise.all(groups.flatMap((group) => this.#start(group)));
    if (!groups.some(({ hasLate }) => hasLate)) {
      this.#pauseMs = firstPauseMs;
      return;
    }
    this.#events.wakeAt(Date.now() + this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
  }

  #group(share: string): ShareGroup {
    const known = this.#groups.get(share);
    if (known !== undefined) return known;
    if (this.#groups.size >= idleGroupsMax) {
      for (const [name, group] of this.#groups) if (group.isIdle) this.#groups.delete(name);
    }
    // Members remember how far they heard the group count: when it begins anew it must not seem to repeat itself.
    const incarnation = this.#incarnation + this.#made++;
    const group = new ShareGroup(this.#reads, share, {
      limits: this.#options,
      strategy: this.#options.sharedStrategy,
      incarnation,
      // A source of its own: its calls and the fan-out's may overtake each other.
      numbering: new Numbering(`shard-${this.#shard} ${share}`, incarnation),
      random: Math.random,
    });
    this.#groups.set(share, group);
    return group;
  }

  /** Nobody waits for what this sets going. */
  #dispatchAlone(group: ShareGroup): void {
    if (this.#start(group).length > 0) this.#events.wakeAt(Date.now() + watchMs);
  }

  #start(group: ShareGroup): Promise<void>[] {
    for (;;) {
      const changes = group.assign(Date.now());
      if (changes.length === 0) break;
      this.#events.persist(changes);
    }
    const offers = group.offers();
    if (group.waitsForRoom) this.#events.wakeAt(Date.now() + watchMs);
    report(group.takeReports(), group.share);
    return offers.map((offer) => this.#offer(group, offer));
  }

  async #offer(group: ShareGroup, offer: Offer): Promise<void> {
    const { session, key, rows, bodies } = offer;
    const parts = rows.map((row, index) => {
      const { generation = 0, incarnation = 0 } = row.assigned ?? {};
      return this.#part(group.share, generation, incarnation, bodies[index] as Uint8Array);
    });
    await this.#semaphore.acquire();
    const call = this.#sessions.deliver(
      session,
      { key, shard: this.#shard, parts },
      (known) => group.renew(offer, known),
      () => group.repeats(offer),
    );
    const answer = await before(
      deadlineMs,
      call.catch(() => undefined),
    ).finally(() => this.#semaphore.release());
    if (answer === undefined) this.#sessions.givenUp(session);
    const outcomes = answer?.parts.map((part, index) => outcomeOf(part, rows[index]?.count ?? 0));
    this.#events.persist(group.settle(session, outcomes));
    this.#dispatchAlone(group);
    if (group.hasLate) this.#events.wakeAt(Date.now() + this.#pauseMs);
  }

  /** QoS 0: to one who is connected, at once or not at all. */
  async #sendLoose({ share, loose }: SharedBatch, publisher: string): Promise<void> {
    const group = this.#group(share);
    if (group.isDeserted) return;
    const tried = new Set<string>();
    for (let left = loose; left.length > 0; ) {
      const chosen = new Map<string, { readonly member: Member; readonly writer: RecordWriter }>();
      for (const reader = new RecordReader(left); reader.next(); ) {
        const member = group.chooseForLoose(reader.topic, tried);
        if (member === undefined) {
          const detail = `topic ${reader.topic} from ${publisher} for ${share}`;
          report([{ event: "drop", reason: "nobody-attends", count: 1, detail }], `shard-${this.#shard}`);
          continue;
        }
        const of = chosen.get(member.session) ?? { member, writer: new RecordWriter() };
        chosen.set(member.session, of);
        of.writer.appendCopy(reader);
      }
      const sent = Array.from(chosen.values(), ({ member, writer }) =>
        this.#sendLooseTo(group, member, writer.take(), tried),
      );
      const turnedDown = (await Promise.all(sent)).filter((body) => body !== undefined);
      left = concatenate(turnedDown);
    }
  }

  /** What it turned down; undefined if nothing. */
  async #sendLooseTo(
    group: ShareGroup,
    member: Member,
    body: Uint8Array,
    tried: Set<string>,
  ): Promise<Uint8Array | undefined> {
    const { session, generation } = member;
    const attends = group.attendsOf(session);
    const answer = await this.#fanOut.ask(session, this.#part(group.share, generation, 0, onTerms(body, member)));
    if (!answer?.gone && !answer?.share?.isAway) return undefined;
    tried.add(session);
    this.#events.persist(answer.gone ? group.gone(session, generation) : group.isAway(session, attends));
    this.#dispatchAlone(group);
    return body;
  }

  #part(share: string, generation: number, incarnation: number, body: Uint8Array): DeliveryPart {
    return { publisher: share, publisherGeneration: incarnation, generation, body, owed: false, share };
  }
}

/** A session that runs older code knows nothing of shares, and takes what it is offered like any other message. */
function outcomeOf({ gone, refused, share }: PartAnswer, count: number): OfferOutcome {
  return share === undefined
    ? { gone, taken: refused[0] ?? count, isAway: false, room: Number.POSITIVE_INFINITY }
    : { gone, taken: share.taken, isAway: share.isAway, hasLeft: share.hasLeft ?? false, room: share.room };
}
