// A group that shares a subscription: what is kept for it, and which member is offered what.
//
// A message of QoS 1 or 2 is durable for the group before its publisher hears of it. It is assigned to a member, which is
// durable too, and offered to it; what the member has taken over is the member's. A member takes no more than it can send
// its client at once, so what a group has not handled waits here, for whoever has room.
//
//   ready ──offer──▶ offered ──took it──▶ ready
//                        ├──no room──▶ full ──attends──▶ ready
//                        ├──not connected──▶ away ──attends──▶ ready
//                        └──no answer──▶ late ──the same offer again──▶ offered

import type { Numbering } from "../hop/key.ts";
import type { QueueLimits } from "../queue/limits.ts";
import { countRecords, RecordReader, RecordWriter } from "../queue/record.ts";
import { topicKey } from "../topic/key.ts";
import { plainFilter } from "../topic/share.ts";
import type { GroupChange, GroupReads, GroupRow, GroupRowKey, Member } from "./changes.ts";
import { keyOf, onTerms, unassigned, without, withoutQos2 } from "./group-row.ts";
import { attend, type MemberState, Members } from "./members.ts";
import type { Offer, OfferOutcome } from "./offer.ts";
import type { SharedBatch } from "./plan.ts";
import type { ShareStrategy } from "./strategy.ts";

export interface GroupOptions {
  readonly limits: Pick<QueueLimits, "queueMessagesMax" | "queueBytesMax" | "queuePolicy">;
  readonly strategy: ShareStrategy;
  /** Life of the shard. */
  readonly incarnation: number;
  /** Of the calls that carry offers. */
  readonly numbering: Numbering;
  /** From 0 to below 1. */
  readonly random: () => number;
}

export interface GroupReport {
  readonly event: "drop" | "refusal";
  readonly reason: string;
  readonly count: number;
  readonly detail: string;
}

/**
 * What a member gets of a row. A member tells how many records it has taken, from the first on, and of QoS 1 it does not
 * know which it took before: no message of QoS 2 may stand behind one.
 */
interface Division {
  readonly atLeastOnce: RecordWriter;
  readonly exactlyOnce: RecordWriter;
}

const offerBytesMax = 1024 * 1024;
const pageRowsMax = 16;
/** Of what members handed back: it is older than anything else. */
const handedBackRank = 0;

export class ShareGroup {
  readonly share: string;
  readonly #key: string;
  readonly #reads: GroupReads;
  readonly #options: GroupOptions;
  readonly #members: Members;
  #messages: number;
  #bytes: number;
  #rank: number;
  #id: number;
  #sequence = 0;
  /** There may be rows that nobody is to take yet. */
  #hasBacklog: boolean;
  #reports: GroupReport[] = [];

  constructor(reads: GroupReads, share: string, options: GroupOptions) {
    this.share = share;
    this.#key = topicKey(plainFilter(share));
    this.#reads = reads;
    this.#options = options;
    const { messages, bytes, rankMax, idMax } = reads.totals(share);
    this.#messages = messages;
    this.#bytes = bytes;
    this.#rank = rankMax;
    this.#id = idMax;
    this.#hasBacklog = messages > 0;
    this.#members = new Members(reads.members(this.#key, share), options.strategy, options.random);
    const assigned = messages > 0 ? reads.assigned(share) : [];
    // Assigned in an earlier life of the shard, perhaps to one that has left since.
    for (const { session, ...key } of assigned) this.#members.stateOf(session).waiting.push(key);
  }

  /** Nothing is kept and nobody is asked: what is known of it can be forgotten. */
  get isIdle(): boolean {
    return this.#messages === 0 && this.#members.states.every(({ offer }) => offer === undefined);
  }

  /** Its last member has unsubscribed, or ended: whoever remembers a route to it is behind. */
  get isDeserted(): boolean {
    return this.#members.states.every(({ hasLeft }) => hasLeft);
  }

  get hasLate(): boolean {
    return this.#members.states.some(({ standing }) => standing === "late");
  }

  takeReports(): GroupReport[] {
    return this.#reports.splice(0);
  }

  /**
   * Keeps new messages, in this order of what becomes of each:
   * 1. it is refused for another reason: its publisher comes again with it;
   * 2. it is of QoS 2 and stands behind a refused one: it is refused too, since it comes again under its sequence;
   * 3. there is room: it is kept;
   * 4. the policy is to reject: it is refused;
   * 5. the policy is to drop the oldest, and some are assigned to nobody: it is kept, and the oldest of those go;
   * 6. otherwise it is dropped, and counted.
   *
   * `refused` holds indexes in the published batch, and grows.
   */
  admit(batch: SharedBatch, refused: Set<number>, nowMs: number): GroupChange[] {
    if (this.isDeserted) return [];
    const { queueMessagesMax, queueBytesMax, queuePolicy } = this.#options.limits;
    const reader = new RecordReader(batch.body);
    const kept = new RecordWriter();
    let firstRefused = Math.min(...refused);
    for (let record = 0; reader.next(); record++) {
      const index = batch.indexes[record] as number;
      if (refused.has(index)) continue;
      if (reader.sequence > 0 && index > firstRefused) {
        refused.add(index);
        continue;
      }
      const bytes = this.#bytes + kept.byteLength + (reader.end - reader.start);
      const isFull = this.#messages + kept.count >= queueMessagesMax || bytes > queueBytesMax;
      if (!isFull || (queuePolicy === "drop-oldest" && this.#hasBacklog)) kept.appendCopy(reader);
      else if (queuePolicy === "reject") {
        refused.add(index);
        firstRefused = Math.min(firstRefused, index);
        this.#report("refusal", "queue-full", 1, `topic ${reader.topic} for ${this.share}`);
      } else {
        this.#report("drop", "queue-full", 1, `topic ${reader.topic} for ${this.share}`);
      }
    }
    if (kept.count === 0) return [];
    const changes = this.#keep(++this.#rank, kept.count, kept.take(), nowMs);
    return queuePolicy === "drop-oldest" ? [...changes, ...this.#dropOldest()] : changes;
  }

  /** Delayed messages whose time has come. Their publisher has its acknowledgement: limits do not count. */
  release({ body, indexes }: SharedBatch, nowMs: number): GroupChange[] {
    return this.isDeserted || indexes.length === 0 ? [] : this.#keep(++this.#rank, indexes.length, body, nowMs);
  }

  /** What a member had not finished when its session ended. Its publisher has its acknowledgement: limits do not count. */
  handBack(body: Uint8Array, nowMs: number): GroupChange[] {
    const count = countRecords(body);
    if (this.isDeserted) {
      this.#report("drop", "share-ended", count, `handed back to ${this.share}`);
      return [];
    }
    return this.#keep(handedBackRank, count, body, nowMs);
  }

  /** Gives what waits for nobody in particular to members that have room. Nothing is left to do when it changes nothing. */
  assign(nowMs: number): GroupChange[] {
    if (!this.#hasBacklog || this.#members.candidates().length === 0) return [];
    const rows = this.#reads.unassigned(this.share, pageRowsMax);
    if (rows.length < pageRowsMax) this.#hasBacklog = false;
    const changes: GroupChange[] = [];
    for (const row of rows) {
      const distributed = this.#distribute(row, true, nowMs);
      if (distributed === undefined) {
        this.#hasBacklog = true;
        break;
      }
      changes.push(...distributed);
    }
    return changes;
  }

  /** What is to be sent now: one call to each member that has something waiting and is not asked already. */
  offers(): Offer[] {
    const offers: Offer[] = [];
    for (const state of this.#members.states) {
      if (state.standing !== "ready") continue;
      const offer = state.offer ?? this.#newOffer(state);
      if (offer === undefined) continue;
      state.standing = "offered";
      state.offer = offer;
      offers.push(offer);
    }
    return offers;
  }

  /** The member has seen later calls of this source: the offer goes under a key above them. */
  renew(offer: Offer, known: number): Offer {
    this.#options.numbering.renew(known);
    const renewed = { ...offer, key: this.#options.numbering.next() };
    const state = this.#members.find(offer.session);
    if (state !== undefined) state.offer = renewed;
    return renewed;
  }

  /** The member's answer, an outcome for each row; undefined if it did not answer in time. */
  settle(offer: Offer, outcomes: readonly OfferOutcome[] | undefined): GroupChange[] {
    const state = this.#members.find(offer.session);
    // The group has ended meanwhile.
    if (state === undefined || state.standing !== "offered") return [];
    if (outcomes === undefined) {
      state.standing = "late";
      state.offer = { ...offer, repeated: true };
      return [];
    }
    state.offer = undefined;
    const changes: GroupChange[] = [];
    const left: GroupRow[] = [];
    let isAway = false;
    let goneGeneration = 0;
    let room = Number.POSITIVE_INFINITY;
    for (const [index, row] of offer.rows.entries()) {
      const outcome = outcomes[index] ?? { gone: false, taken: 0, isAway: true, room: 0 };
      isAway ||= outcome.isAway;
      room = Math.min(room, outcome.room);
      if (outcome.gone) goneGeneration = Math.max(goneGeneration, row.assigned?.generation ?? 0);
      const rest = outcome.gone ? this.#unbegun(row, offer) : without(row, outcome.taken);
      this.#messages += rest.count - row.count;
      this.#bytes += rest.body.length - row.body.length;
      if (rest.count > 0) left.push(rest);
      else changes.push({ kind: "delete-group-row", ...keyOf(row) });
    }
    const isFull = !isAway && goneGeneration === 0 && (left.length > 0 || room === 0);
    const hasAttended = state.attends !== offer.attends;
    if (hasAttended || !(isAway || isFull)) state.standing = "ready";
    else state.standing = isAway ? "away" : "full";
    if (!hasAttended && room !== Number.POSITIVE_INFINITY) state.room = room;

    const { share } = this;
    if (goneGeneration > 0) {
      const { session } = state;
      changes.push({ kind: "delete-member", share, key: this.#key, session, generation: goneGeneration });
      if (state.member.generation <= goneGeneration) state.hasLeft = true;
    }
    // A topic stays with a member that is full, since its order is what it was chosen for.
    const keepsThem = this.#options.strategy === "sticky" && isFull && !state.hasLeft;
    for (const row of left) changes.push({ kind: "put-group-row", row: keepsThem ? row : unassigned(row) });
    if (keepsThem) state.waiting.unshift(...left.map(keyOf));
    else if (left.length > 0) this.#hasBacklog = true;
    if (state.hasLeft || state.standing === "away") changes.push(...this.#takeFrom(state));
    return [...changes, ...this.#endIfDeserted()];
  }

  /** There is no such session, of this generation. */
  gone(session: string, generation: number): GroupChange[] {
    const { share } = this;
    const state = this.#members.find(session);
    if (state !== undefined && state.member.generation <= generation) state.hasLeft = true;
    const changes: GroupChange[] = [{ kind: "delete-member", share, key: this.#key, session, generation }];
    return state?.hasLeft ? [...changes, ...this.#takeFrom(state), ...this.#endIfDeserted()] : changes;
  }

  /** A member is connected and has room for more. */
  attend(session: string, room: number): void {
    const state = this.#members.find(session);
    if (state !== undefined) attend(state, room);
  }

  /** Members that did not answer are asked again. */
  retry(): void {
    for (const state of this.#members.states) if (state.standing === "late") state.standing = "ready";
  }

  /** Subscriptions to the share came, changed or went. */
  membersChanged(): GroupChange[] {
    const left = this.#members.replace(this.#reads.members(this.#key, this.share));
    return [...left.flatMap((state) => this.#takeFrom(state)), ...this.#endIfDeserted()];
  }

  /** Who gets a message of QoS 0, which nobody keeps, of those who have not turned it down. */
  chooseForLoose(topic: string, tried: ReadonlySet<string>): Member | undefined {
    const candidates = this.#members.states.filter(
      ({ session, standing, hasLeft }) => standing !== "away" && !hasLeft && !tried.has(session),
    );
    return this.#members.choose(candidates, topic)?.member;
  }

  attendsOf(session: string): number {
    return this.#members.find(session)?.attends ?? 0;
  }

  /** It was asked when it had attended so often, and was not connected. */
  isAway(session: string, attends: number): GroupChange[] {
    const state = this.#members.find(session);
    if (state === undefined || state.attends !== attends || state.standing === "offered") return [];
    state.standing = "away";
    return this.#takeFrom(state);
  }

  #keep(rank: number, count: number, body: Uint8Array, nowMs: number): GroupChange[] {
    this.#messages += count;
    this.#bytes += body.length;
    const row: GroupRow = { share: this.share, rank, id: ++this.#id, count, body, assigned: undefined };
    // What waits goes first.
    const changes = this.#hasBacklog ? undefined : this.#distribute(row, false, nowMs);
    if (changes !== undefined) return changes;
    this.#hasBacklog = true;
    return [{ kind: "put-group-row", row }];
  }

  /** Divides a row among members that have room; undefined if that changes nothing. */
  #distribute(row: GroupRow, isStored: boolean, nowMs: number): GroupChange[] | undefined {
    const divisions = new Map<MemberState, Division>();
    const rest = new RecordWriter();
    let candidates = this.#members.candidates();
    // In turn, but in runs: should they all come back, those that follow one another still do.
    const run = this.#options.strategy === "round-robin" ? Math.ceil(row.count / candidates.length) : 1;
    let state: MemberState | undefined;
    let leftInRun = 0;
    let expired = 0;
    const reader = new RecordReader(row.body);
    while (reader.next()) {
      if (reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs) {
        this.#report("drop", "expired", 1, reader.topic);
        expired++;
        this.#messages--;
        this.#bytes -= reader.end - reader.start;
        continue;
      }
      if (leftInRun === 0) {
        state = this.#members.choose(candidates, reader.topic);
        leftInRun = run;
      }
      if (state === undefined) {
        rest.appendCopy(reader);
        continue;
      }
      let division = divisions.get(state);
      if (division === undefined) {
        division = { atLeastOnce: new RecordWriter(), exactlyOnce: new RecordWriter() };
        divisions.set(state, division);
      }
      (reader.qos === 2 ? division.exactlyOnce : division.atLeastOnce).appendCopy(reader);
      state.room--;
      leftInRun--;
      if (state.room > 0 || this.#options.strategy === "sticky") continue;
      candidates = candidates.filter((candidate) => candidate !== state);
      leftInRun = 0;
    }
    if (divisions.size === 0 && expired === 0) return undefined;
    const changes = Array.from(divisions, ([state, { atLeastOnce, exactlyOnce }]) => {
      const writers = [atLeastOnce, exactlyOnce].filter(({ count }) => count > 0);
      return writers.map((writer) => this.#assignTo(state, row.rank, writer));
    }).flat();
    if (rest.count > 0) {
      this.#hasBacklog = true;
      changes.push({ kind: "put-group-row", row: { ...row, count: rest.count, body: rest.take() } });
    } else if (isStored) {
      changes.push({ kind: "delete-group-row", ...keyOf(row) });
    }
    return changes;
  }

  #assignTo(state: MemberState, rank: number, writer: RecordWriter): GroupChange {
    const { count } = writer;
    const { session, generation } = state.member;
    const assigned = { session, generation, incarnation: this.#options.incarnation, sequence: this.#sequence + 1 };
    this.#sequence += count;
    const row: GroupRow = { share: this.share, rank, id: ++this.#id, count, body: writer.take(), assigned };
    state.waiting.push(keyOf(row));
    return { kind: "put-group-row", row };
  }

  #newOffer(state: MemberState): Offer | undefined {
    const rows: GroupRow[] = [];
    let bytes = 0;
    while (state.waiting.length > 0) {
      const row = this.#reads.row(state.waiting[0] as GroupRowKey);
      if (row !== undefined && rows.length > 0 && bytes + row.body.length > offerBytesMax) break;
      state.waiting.shift();
      if (row === undefined) continue;
      rows.push(row);
      bytes += row.body.length;
    }
    if (rows.length === 0) return undefined;
    return {
      session: state.session,
      key: this.#options.numbering.next(),
      rows,
      bodies: rows.map(({ body, assigned }) => onTerms(body, state.member, assigned?.sequence)),
      repeated: !rows.every((row) => this.#isNew(row)),
      attends: state.attends,
    };
  }

  /** What waits for this member waits for anyone, but for what it may have begun before the shard was restarted. */
  #takeFrom(state: MemberState): GroupChange[] {
    const rows = state.waiting.splice(0).flatMap((key) => this.#reads.row(key) ?? []);
    const isFree = (row: GroupRow) => this.#isNew(row) || withoutQos2(row).count === row.count;
    state.waiting = rows.filter((row) => !isFree(row)).map(keyOf);
    const free = rows.filter(isFree);
    if (free.length > 0) this.#hasBacklog = true;
    return free.map((row) => ({ kind: "put-group-row", row: unassigned(row) }));
  }

  /** Assigned in this life of the shard. */
  #isNew({ assigned }: GroupRow): boolean {
    return assigned?.incarnation === this.#options.incarnation;
  }

  /**
   * Of a row that was offered to a session which has ended: what may go to somebody else. A message of QoS 2 that it may
   * have begun to hand to its client may not [MQTT-4.8.2-5].
   */
  #unbegun(row: GroupRow, offer: Offer): GroupRow {
    if (!offer.repeated) return row;
    const kept = withoutQos2(row);
    if (kept.count < row.count) {
      const detail = `begun with a member of ${this.share} whose session ended`;
      this.#report("drop", "session-ended", row.count - kept.count, detail);
    }
    return kept;
  }

  /** Rows that nobody was offered, oldest first, until what is kept is within its limits. */
  #dropOldest(): GroupChange[] {
    const { queueMessagesMax, queueBytesMax } = this.#options.limits;
    const changes: GroupChange[] = [];
    const isOver = () => this.#messages > queueMessagesMax || this.#bytes > queueBytesMax;
    if (!isOver()) return changes;
    for (const row of this.#reads.unassigned(this.share, pageRowsMax)) {
      let count = 0;
      for (const reader = new RecordReader(row.body); isOver() && reader.next(); count++) {
        this.#messages--;
        this.#bytes -= reader.end - reader.start;
      }
      if (count === 0) break;
      this.#report("drop", "queue-full", count, `the oldest of ${this.share}`);
      const rest = without(row, count);
      if (rest.count > 0) changes.push({ kind: "put-group-row", row: rest });
      else changes.push({ kind: "delete-group-row", ...keyOf(row) });
    }
    return changes;
  }

  /** A group without members keeps nothing; one that is asked about an offer is gone when it has answered. */
  #endIfDeserted(): GroupChange[] {
    this.#members.forgetLeft();
    if (this.#members.states.length > 0 || this.#messages === 0) return [];
    this.#report("drop", "share-ended", this.#messages, this.share);
    this.#messages = 0;
    this.#bytes = 0;
    this.#hasBacklog = false;
    return [{ kind: "delete-group-rows", share: this.share }];
  }

  #report(event: GroupReport["event"], reason: string, count: number, detail: string): void {
    this.#reports.push({ event, reason, count, detail });
  }
}
