// What is kept for a group: how much, in which rows and order, and which of them wait for nobody in particular.

import { countRecords, RecordReader, RecordWriter } from "../queue/record.ts";
import type { GroupChange, GroupReads, GroupRow, GroupRowKey, GroupTotals } from "./changes.ts";
import { type GroupLimits, GroupQuota } from "./group-quota.ts";
import type { GroupReports } from "./group-reports.ts";
import { behind, inPieces, keyOf, without } from "./group-row.ts";
import type { Batch, SharedBatch } from "./plan.ts";

/** Who published a batch, and how far its messages of QoS 2 were kept before. */
export type Source = Pick<Batch, "publisher" | "routedUpTo">;

const pageRowsMax = 16;
/**
 * How far ranks of rows are apart, so that what a row is divided into goes in between: its messages are counted from its
 * rank on. No row has so many.
 */
const rankStep = 2 ** 20;
/** Of what members handed back: it is older than anything else. */
const handedBackRank = 0;

export class Backlog {
  readonly #share: string;
  readonly #reads: GroupReads;
  readonly #limits: GroupLimits;
  readonly #reports: GroupReports;
  readonly #quota: GroupQuota;
  #rank: number;
  #id: number;
  /** There may be rows that wait for nobody in particular. */
  mayWait: boolean;

  constructor(reads: GroupReads, share: string, totals: GroupTotals, limits: GroupLimits, reports: GroupReports) {
    this.#share = share;
    this.#reads = reads;
    this.#limits = limits;
    this.#reports = reports;
    this.#quota = new GroupQuota(totals, limits);
    this.#rank = Math.floor(totals.rankMax / rankStep);
    this.#id = totals.idMax;
    this.mayWait = totals.messages > 0;
  }

  /** Kept, whether or not they wait for somebody. */
  get messages(): number {
    return this.#quota.messages;
  }

  /** What there is no room for is refused, where that is the policy. `refused` holds indexes in the batch, and grows. */
  refuse(batch: SharedBatch, source: Source, refused: Set<number>): void {
    if (this.#limits.queuePolicy !== "reject") return;
    let messages = 0;
    let bytes = 0;
    for (const { reader, index } of newRecords(batch, source)) {
      if (refused.has(index)) continue;
      const size = reader.end - reader.start;
      if (this.#quota.hasRoomFor(messages + 1, bytes + size)) {
        messages++;
        bytes += size;
      } else {
        refused.add(index);
        this.#reports.add("refusal", "queue-full", 1, `topic ${reader.topic} from ${source.publisher}`);
      }
    }
  }

  /**
   * Makes rows of new messages, in this order of what becomes of each:
   * 1. it is refused, by this group or for another reason: its publisher comes again with it;
   * 2. it is of QoS 2 and stands behind a refused one: it is refused too, since it comes again under its sequence;
   * 3. there is no room, and the policy is to drop the newest: it is dropped, and counted;
   * 4. it is kept; if that is too much, the policy is to drop the oldest, of those that are assigned to nobody.
   */
  admit(
    batch: SharedBatch,
    source: Source,
    refused: Set<number>,
  ): { readonly dropped: readonly GroupChange[]; readonly rows: Iterable<GroupRow> } {
    const { queuePolicy } = this.#limits;
    const kept = new RecordWriter();
    let firstRefused = Number.POSITIVE_INFINITY;
    for (const index of refused) firstRefused = Math.min(firstRefused, index);
    let keptUpTo = 0;
    for (const { reader, index } of newRecords(batch, source)) {
      if (reader.sequence > 0 && index > firstRefused) refused.add(index);
      if (refused.has(index)) continue;
      // A client that came again while its first attempt waited to leave has it in one batch twice.
      if (reader.sequence > 0 && reader.sequence <= keptUpTo) continue;
      keptUpTo = Math.max(keptUpTo, reader.sequence);
      const bytes = kept.byteLength + reader.end - reader.start;
      if (queuePolicy === "drop-newest" && !this.#quota.hasRoomFor(kept.count + 1, bytes)) {
        this.#reports.add("drop", "queue-full", 1, `topic ${reader.topic} from ${source.publisher}`);
      } else {
        kept.appendCopy(reader);
      }
    }
    this.#quota.add(kept.count, kept.byteLength);
    const body = kept.take();
    if (queuePolicy !== "drop-oldest") return { dropped: [], rows: this.#rowsOf(body) };
    const dropped = this.#dropOldest();
    return { dropped, rows: this.#rowsOf(behind(body, this.#giveUpFirstOf(body))) };
  }

  /** Makes rows of messages whose publisher has its acknowledgement: limits do not count. */
  add(body: Uint8Array, isHandedBack: boolean): Iterable<GroupRow> {
    this.#quota.add(countRecords(body), body.length);
    return this.#rowsOf(body, isHandedBack ? handedBackRank : undefined);
  }

  /** So much of a row is not kept any more. */
  remove(messages: number, bytes: number): void {
    this.#quota.add(-messages, -bytes);
  }

  /** Nothing is. */
  clear(): GroupChange {
    this.#quota.clear();
    this.mayWait = false;
    return { kind: "delete-group-rows", share: this.#share };
  }

  /** A place behind the row for what begins so far within it. */
  placeBehind(row: GroupRow, offset: number): GroupRowKey {
    return { share: this.#share, rank: row.rank + offset, id: ++this.#id };
  }

  /** Some rows that wait for nobody in particular, the oldest. */
  next(): readonly GroupRow[] {
    const rows = this.#reads.unassigned(this.#share, pageRowsMax);
    if (rows.length < pageRowsMax) this.mayWait = false;
    return rows;
  }

  *#rowsOf(body: Uint8Array, rank?: number): Generator<GroupRow> {
    for (const piece of inPieces(body)) {
      const place = { rank: rank ?? ++this.#rank * rankStep, id: ++this.#id };
      yield { share: this.#share, ...place, ...piece, assigned: undefined };
    }
  }

  /** Rows that nobody was offered go, oldest first, until what is kept is within the limits. */
  #dropOldest(): GroupChange[] {
    const changes: GroupChange[] = [];
    if (!this.mayWait) return changes;
    for (const row of this.#oldestFirst()) {
      if (!this.#quota.isExceeded) break;
      const rest = without(row, this.#giveUpFirstOf(row.body));
      if (rest.count > 0) changes.push({ kind: "put-group-row", row: rest });
      else changes.push({ kind: "delete-group-row", ...keyOf(row) });
    }
    return changes;
  }

  *#oldestFirst(): Generator<GroupRow> {
    let after: GroupRow | undefined;
    do {
      const rows = this.#reads.unassigned(this.#share, pageRowsMax, after);
      yield* rows;
      after = rows[pageRowsMax - 1];
    } while (after !== undefined);
  }

  /** Gives up messages as long as too many are kept; how many. */
  #giveUpFirstOf(body: Uint8Array): number {
    let count = 0;
    for (const reader = new RecordReader(body); this.#quota.isExceeded && reader.next(); count++) {
      this.#quota.add(-1, reader.start - reader.end);
      this.#reports.add("drop", "queue-full", 1, `topic ${reader.topic}, the oldest`);
    }
    return count;
  }
}

/** Of a batch those that were not kept before. */
export function newOf(batch: SharedBatch, source: Source): Uint8Array {
  const writer = new RecordWriter();
  for (const { reader } of newRecords(batch, source)) writer.appendCopy(reader);
  return writer.take();
}

/** Messages that were not kept before, while an earlier call of the same source was under way. */
function* newRecords(
  { body, indexes }: SharedBatch,
  { routedUpTo }: Source,
): Generator<{ readonly reader: RecordReader; readonly index: number }> {
  const upTo = routedUpTo();
  const reader = new RecordReader(body);
  for (let record = 0; reader.next(); record++) {
    if (reader.sequence === 0 || reader.sequence > upTo) yield { reader, index: indexes[record] as number };
  }
}
