// A group that shares a subscription: what is kept for it, and which member is offered what.
//
// A message of QoS 1 or 2 is durable for the group before its publisher hears of it. It is assigned to a member, which is
// durable too, and offered to it; what the member has taken over is the member's. A member takes no more than it can send
// its client at once, so what a group has not handled waits here, for whoever has room. What a member may be doing:
// src/shard/members.ts.

import { type CallKey, incarnationAbove, type Numbering } from "../hop/key.ts";
import { countRecords } from "../queue/record.ts";
import { topicKey } from "../topic/key.ts";
import { plainFilter } from "../topic/share.ts";
import { Backlog, newOf, type Source } from "./backlog.ts";
import type { Assignment, GroupChange, GroupReads, GroupRow, GroupRowKey, Member } from "./changes.ts";
import { divide, type Portion } from "./division.ts";
import type { GroupLimits } from "./group-quota.ts";
import { type GroupReport, GroupReports } from "./group-reports.ts";
import { isExactlyOnce, keyOf, onTerms, unassigned, without } from "./group-row.ts";
import { type GroupMember, Members } from "./members.ts";
import { answerOf, type Offer, type OfferOutcome } from "./offer.ts";
import type { SharedBatch } from "./plan.ts";
import type { ShareStrategy } from "./strategy.ts";
import { Turns } from "./turns.ts";

export interface GroupOptions {
  readonly limits: GroupLimits;
  readonly strategy: ShareStrategy;
  /** Life of the group in memory: above those of its earlier lives, unless the clock went back. */
  readonly incarnation: number;
  /** Of the calls that carry offers. */
  readonly numbering: Numbering;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** So often those who are away are asked for whom publishers are refused. */
const askAwayEveryMs = 60_000;
const offerBytesMax = 1024 * 1024;
const offerRowsMax = 256;

export class ShareGroup {
  readonly share: string;
  readonly #key: string;
  readonly #reads: GroupReads;
  readonly #options: GroupOptions;
  readonly #members: Members;
  readonly #turns: Turns;
  readonly #reports = new GroupReports();
  readonly #backlog: Backlog;
  readonly #incarnation: number;
  #sequence = 0;
  #askedAwayAtMs = 0;

  constructor(reads: GroupReads, share: string, options: GroupOptions) {
    this.share = share;
    this.#key = topicKey(plainFilter(share));
    this.#reads = reads;
    this.#options = options;
    const totals = reads.totals(share);
    this.#backlog = new Backlog(reads, share, totals, options.limits, this.#reports);
    this.#members = new Members(reads.members(this.#key, share));
    this.#turns = new Turns(options.strategy, options.random);
    const assigned = totals.messages > 0 ? reads.assigned(share) : [];
    // Assigned in an earlier life, perhaps to one that has left since.
    for (const { session, share, rank, id } of assigned) {
      this.#members.holder(session).waiting.push({ share, rank, id });
    }
    // What is assigned from now on comes behind that, also if the clock went back.
    this.#incarnation = incarnationAbove(assigned.at(-1)?.incarnation ?? 0, options.incarnation);
  }

  /** Nothing is kept and nobody is asked: what is known of it can be forgotten. */
  get isIdle(): boolean {
    return this.#backlog.messages === 0 && this.#members.all.every(({ offer }) => offer === undefined);
  }

  /** Its last member has unsubscribed, or ended: whoever remembers a route to it is behind. */
  get isDeserted(): boolean {
    return this.#members.present.length === 0;
  }

  get hasLate(): boolean {
    return this.#members.all.some(({ standing }) => standing.is === "late");
  }

  /** Something waits for a member that is full: should its connection have ended with its object, nobody says so. */
  get waitsForRoom(): boolean {
    return this.#members.all.some((member) => this.#waitsFor(member));
  }

  takeReports(): GroupReport[] {
    return this.#reports.take();
  }

  /** See Backlog: the first of two passes over a batch, of which all groups take the one before any takes the other. */
  refuse(batch: SharedBatch, source: Source, refused: Set<number>, nowMs: number): void {
    if (this.isDeserted) return;
    const before = refused.size;
    this.#backlog.refuse(batch, source, refused);
    if (refused.size > before) this.#askWhoIsAway(nowMs);
  }

  /** See Backlog: keeps new messages, but for those that are refused. */
  keep(batch: SharedBatch, source: Source, refused: Set<number>, nowMs: number): GroupChange[] {
    if (this.isDeserted) return [];
    const { dropped, rows } = this.#backlog.admit(batch, source, refused);
    return [...dropped, ...this.#put(rows, nowMs)];
  }

  /** Messages whose publisher is not there to be refused; `source` where it may have come with them before. */
  release(batch: SharedBatch, nowMs: number, source?: Source): GroupChange[] {
    const body = source === undefined ? batch.body : newOf(batch, source);
    return this.isDeserted ? [] : this.#put(this.#backlog.add(body, false), nowMs);
  }

  /** What a member had not finished when its session ended. */
  handBack(body: Uint8Array, nowMs: number): GroupChange[] {
    if (!this.isDeserted) return this.#put(this.#backlog.add(body, true), nowMs);
    this.#reports.add("drop", "share-ended", countRecords(body), `handed back to ${this.share}`);
    return [];
  }

  /** Gives what waits for nobody in particular to members that have room. Nothing is left to do when it changes nothing. */
  assign(nowMs: number): GroupChange[] {
    if (!this.#backlog.mayWait || this.#turns.candidates(this.#members).length === 0) return [];
    const changes: GroupChange[] = [];
    for (const row of this.#backlog.next()) {
      const distributed = this.#distribute(row, nowMs);
      if (distributed === undefined) {
        this.#backlog.mayWait = true;
        break;
      }
      changes.push(...distributed);
    }
    return changes;
  }

  /** What is to be sent now: one call to each member that has something waiting and is not asked already. */
  offers(): Offer[] {
    const offers: Offer[] = [];
    for (const member of this.#members.all) {
      const { standing } = member;
      const isReady = standing.is === "ready";
      const offer = standing.is === "due" ? standing.offer : isReady ? this.#newOffer(member) : undefined;
      if (offer === undefined) continue;
      member.standing = { is: "offered", offer };
      offers.push(offer);
    }
    return offers;
  }

  /** The member has seen later calls of this source: the call goes again under a key above them. */
  renew({ session, key }: Offer, known: number): CallKey {
    const member = this.#members.find(session);
    // It was given up meanwhile: should it run now, it could take what others are offered.
    if (member?.standing.is !== "offered" || member.standing.offer.key !== key) throw new Error("the offer is late");
    this.#options.numbering.renew(known);
    const offer = { ...member.standing.offer, key: this.#options.numbering.next() };
    member.standing = { is: "offered", offer };
    return offer.key;
  }

  /** The call goes again at once, under its key, and may have been carried out before. */
  repeats({ session }: Offer): void {
    const member = this.#members.find(session);
    if (member?.standing.is !== "offered") return;
    member.standing = { is: "offered", offer: { ...member.standing.offer, repeated: true } };
  }

  /** The member's answer, an outcome for each row; undefined if it did not answer in time. */
  settle(session: string, outcomes: readonly OfferOutcome[] | undefined): GroupChange[] {
    const member = this.#members.find(session);
    if (member?.standing.is !== "offered") throw new Error("an answer to nothing that was offered");
    const { offer } = member.standing;
    if (outcomes === undefined) {
      member.standing = { is: "late", offer: { ...offer, repeated: true } };
      return [];
    }
    const { isAway, room, gone, left: unsubscribed } = answerOf(offer, outcomes);
    // Who has subscribed anew since it was asked is a member.
    const goneGenerations = member.joins === offer.joins ? [...gone, ...unsubscribed] : gone;
    const changes: GroupChange[] = [];
    const left: GroupRow[] = [];
    for (const [index, row] of offer.rows.entries()) {
      const { gone, taken } = outcomes[index] as OfferOutcome;
      const rest = without(row, gone ? this.#begun(row, offer, member) : taken);
      this.#backlog.remove(row.count - rest.count, row.body.length - rest.body.length);
      if (rest.count > 0) left.push(rest);
      else changes.push({ kind: "delete-group-row", ...keyOf(row) });
    }
    const isFull = !isAway && goneGenerations.length === 0 && (left.length > 0 || room === 0);
    member.answered(offer, isAway ? "away" : isFull ? "full" : "ready", room);
    changes.push(...goneGenerations.map((generation) => this.#removal(session, generation)));
    if (goneGenerations.includes(member.subscription.generation)) member.leave();

    if (isFull && !member.hasLeft && this.#turns.isSticky) {
      // A topic stays with a member that is full, since its order is what it was chosen for.
      member.waiting.unshift(...left.map(keyOf));
      for (const row of left) if (!offer.rows.includes(row)) changes.push({ kind: "put-group-row", row });
      return changes;
    }
    if (left.length > 0) this.#backlog.mayWait = true;
    for (const row of left) changes.push({ kind: "put-group-row", row: unassigned(row) });
    if (member.hasLeft || isAway || isFull) changes.push(...this.#takeFrom(member));
    return [...changes, ...this.#endIfDeserted()];
  }

  /** There is no such session, of this generation. */
  gone(session: string, generation: number): GroupChange[] {
    const changes = [this.#removal(session, generation)];
    const member = this.#members.find(session);
    if (member === undefined || member.subscription.generation !== generation) return changes;
    member.leave();
    return [...changes, ...this.#takeFrom(member), ...this.#endIfDeserted()];
  }

  /** A session is connected and has so much room, or is not any more and has none; whether it is a member. */
  attend(session: string, room: number): boolean {
    const member = this.#members.find(session);
    member?.attend(room);
    return member !== undefined;
  }

  /** Of this generation. */
  isMember(session: string, generation: number): boolean {
    return this.#members.find(session)?.subscription.generation === generation;
  }

  /** The client id has a session of this generation now: one of another that is a member may have ended unheard. */
  replaced(session: string, generation: number): boolean {
    const member = this.#members.find(session);
    if (member === undefined || member.subscription.generation === generation) return false;
    member.askAgain();
    return true;
  }

  /** Members that did not answer are asked again, and those that something waits for. */
  retry(): void {
    for (const member of this.#members.all) {
      if (member.standing.is === "late") member.resume();
      else if (this.#waitsFor(member)) member.askAgain();
    }
  }

  /** Subscriptions to the share came, changed or went. */
  membersChanged(): GroupChange[] {
    const left = this.#members.replace(this.#reads.members(this.#key, this.share));
    return [...left.flatMap((member) => this.#takeFrom(member)), ...this.#endIfDeserted()];
  }

  /** Who gets a message of QoS 0, which nobody keeps, of those who have not turned it down. */
  chooseForLoose(topic: string, tried: ReadonlySet<string>): Member | undefined {
    const candidates = this.#members.present.filter(({ session, standing }) => {
      return standing.is !== "away" && !tried.has(session);
    });
    return this.#turns.choose(candidates, topic)?.subscription;
  }

  attendsOf(session: string): number {
    return this.#members.find(session)?.attends ?? 0;
  }

  /** It was asked when it had attended so often, and was not connected. */
  isAway(session: string, attends: number): GroupChange[] {
    const member = this.#members.find(session);
    return member?.wasAway(attends) ? this.#takeFrom(member) : [];
  }

  /** Publishers are refused on behalf of nobody, if those who are away have ended and this shard could not be told. */
  #askWhoIsAway(nowMs: number): void {
    if (Math.abs(nowMs - this.#askedAwayAtMs) < askAwayEveryMs) return;
    this.#askedAwayAtMs = nowMs;
    for (const member of this.#members.all) if (member.standing.is === "away") member.askAgain();
  }

  #put(rows: Iterable<GroupRow>, nowMs: number): GroupChange[] {
    const changes: GroupChange[] = [];
    for (const row of rows) {
      // What waits goes first.
      const distributed = this.#backlog.mayWait ? undefined : this.#distribute(row, nowMs);
      if (distributed === undefined) this.#backlog.mayWait = true;
      changes.push(...(distributed ?? [{ kind: "put-group-row", row }]));
    }
    return changes;
  }

  /** Divides a row among members that have room; undefined if that changes nothing. */
  #distribute(row: GroupRow, nowMs: number): GroupChange[] | undefined {
    const deal = this.#turns.deal(this.#turns.candidates(this.#members), row.count);
    const { portions, rest, expired } = divide(row, deal, nowMs);
    if (portions.length === 0 && expired.count === 0) return undefined;
    if (expired.count > 0) {
      this.#backlog.remove(expired.count, expired.bytes);
      this.#reports.add("drop", "expired", expired.count, `topic ${expired.topic}`);
    }
    const parts = rest.count > 0 ? [...portions, rest] : portions;
    if (parts.length === 0) return [{ kind: "delete-group-row", ...keyOf(row) }];
    if (rest.count > 0) this.#backlog.mayWait = true;
    // The first takes the row's place, the others go behind it: should all come back, they are in order.
    return parts.map((part, index) => {
      const { count, body } = part;
      const place = index === 0 ? keyOf(row) : this.#backlog.placeBehind(row, part.offset);
      const assigned = "member" in part ? this.#assignment(part, place) : undefined;
      return { kind: "put-group-row", row: { ...place, count, body, assigned } };
    });
  }

  #assignment({ member, count }: Portion, row: GroupRowKey): Assignment {
    const { session, generation, qos } = member.subscription;
    const sequence = this.#sequence + 1;
    this.#sequence += count;
    member.waiting.push(row);
    return { session, generation, qos, incarnation: this.#incarnation, sequence };
  }

  #newOffer(member: GroupMember): Offer | undefined {
    const rows: GroupRow[] = [];
    let bytes = 0;
    while (member.waiting.length > 0 && rows.length < offerRowsMax) {
      const row = this.#reads.row(member.waiting[0] as GroupRowKey);
      const [first] = rows;
      if (row !== undefined && first !== undefined) {
        // The member knows how far it came in one life of the group: it hears of the next when this is settled.
        if (row.assigned?.incarnation !== first.assigned?.incarnation) break;
        if (bytes + row.body.length > offerBytesMax) break;
      }
      member.waiting.shift();
      if (row === undefined) continue;
      rows.push(row);
      bytes += row.body.length;
    }
    const [first] = rows;
    if (first === undefined) return undefined;
    return {
      session: member.session,
      key: this.#options.numbering.next(),
      rows,
      bodies: rows.map(({ body, assigned }) => onTerms(body, { ...member.subscription, ...assigned })),
      repeated: !this.#isNew(first),
      attends: member.attends,
      joins: member.joins,
    };
  }

  /** What waits for this member waits for anyone, but for what it may have begun in an earlier life of the group. */
  #takeFrom(member: GroupMember): GroupChange[] {
    const rows = member.waiting.splice(0).flatMap((key) => this.#reads.row(key) ?? []);
    const isFree = (row: GroupRow) => this.#isNew(row) || !isExactlyOnce(row);
    const free = rows.filter(isFree);
    if (free.length > 0) this.#backlog.mayWait = true;
    member.waiting = rows.filter((row) => !isFree(row)).map(keyOf);
    // It is there to be asked about that, if for nothing else.
    if (member.waiting.length > 0) member.resume();
    return free.map((row) => ({ kind: "put-group-row", row: unassigned(row) }));
  }

  /** It is full, and something is there for it, or for whoever has room. */
  #waitsFor({ standing, waiting }: GroupMember): boolean {
    return standing.is === "full" && (waiting.length > 0 || this.#backlog.mayWait);
  }

  /** Assigned in this life of the group. */
  #isNew({ assigned }: GroupRow): boolean {
    return assigned?.incarnation === this.#incarnation;
  }

  /**
   * Of a row that was offered to a session which has ended: how many messages, from the first on, may not go to somebody
   * else, because it may have begun to hand them to its client [MQTT-4.8.2-5].
   */
  #begun(row: GroupRow, offer: Offer, member: GroupMember): number {
    if (!offer.repeated || !isExactlyOnce(row)) return 0;
    this.#reports.add("drop", "session-ended", row.count, `begun with ${member.session} of ${this.share}`);
    return row.count;
  }

  #removal(session: string, generation: number): GroupChange {
    return { kind: "delete-member", share: this.share, key: this.#key, session, generation, earlierToo: false };
  }

  /** A group without members keeps nothing; one that is asked about an offer is gone when it has answered. */
  #endIfDeserted(): GroupChange[] {
    this.#members.forgetLeft();
    if (this.#members.all.length > 0 || this.#backlog.messages === 0) return [];
    this.#reports.add("drop", "share-ended", this.#backlog.messages, `the last member of ${this.share} has left`);
    return [this.#backlog.clear()];
  }
}

/** A batch for several groups. What one of them refuses comes again: none keeps it. */
export function admit(
  batches: readonly { readonly group: ShareGroup; readonly batch: SharedBatch }[],
  source: Source,
  refused: Set<number>,
  nowMs: number,
): GroupChange[] {
  for (const { group, batch } of batches) group.refuse(batch, source, refused, nowMs);
  return batches.flatMap(({ group, batch }) => group.keep(batch, source, refused, nowMs));
}
