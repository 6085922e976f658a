// Messages to `$delayed/<seconds>/<topic>`: kept by the shard of <topic> until their time, then published to it like any
// other, with the shard as their source.
//
// Taking them over: they become rows in one transaction with their publisher's cursor, once the rest of the batch has gone
// its way. A QoS 2 message that comes again finds both or neither.
//
// Letting them go: in pages, in the order of their time, those of one time as they came. Before a page leaves, one row
// says how far it reaches and from where its messages are numbered; when all targets have it, its rows are deleted. A page
// that a crash cut short is found by that row and leaves again, the same messages under the same numbers, by which a
// target knows those of QoS 2.

import { concatenate, RecordReader, RecordWriter } from "../queue/record.ts";
import { type DelayedName, parseDelayed } from "../topic/delayed.ts";
import type { DelayedReads, DelayedRow, Release, ShardChange } from "./changes.ts";
import { type DelayedLimits, DelayedQuota } from "./delayed-quota.ts";

/** What is due within one step leaves together, at its end. */
const stepMs = 100;
const pageRowsMax = 1_000;
const pageBytesMax = 1024 * 1024;
const dollar = 0x24;
const encoder = new TextEncoder();

interface Batch {
  readonly publisher: string;
  readonly body: Uint8Array;
  /** QoS 2 messages up to here were taken over before. */
  readonly routedUpTo: () => number;
  /** An earlier attempt may have been heard: QoS 0 messages are left out. */
  readonly repeated: boolean;
}

interface DelayedRecord extends DelayedName {
  /** In the batch. */
  readonly index: number;
  readonly sequence: number;
  /** As it is kept. */
  readonly record: Uint8Array;
}

export interface Taken {
  readonly changes: readonly ShardChange[];
  readonly count: number;
  /** When the first of them is due; undefined if there are none. */
  readonly nextAtMs: number | undefined;
}

export interface DelayedPage {
  /** To be written before the page leaves; undefined if that was done and it was cut short. */
  readonly begin: ShardChange | undefined;
  /** QoS 2 messages in them are numbered. */
  readonly rows: readonly DelayedRow[];
  readonly count: number;
  /** Of the rows as they were kept. */
  readonly bytes: number;
  /** To be written when it has left. */
  readonly end: ShardChange;
}

/** The delay that the record under the reader asks for. Nearly every topic is told by its first byte. */
export function delayOf(reader: RecordReader): DelayedName | undefined {
  return reader.bytes[reader.topicFieldStart + 2] === dollar ? parseDelayed(reader.topic) : undefined;
}

export class DelayedMessages {
  readonly #reads: DelayedReads;
  readonly #quota: DelayedQuota;
  #known: Release | undefined;

  constructor(reads: DelayedReads, limits: DelayedLimits) {
    this.#reads = reads;
    this.#quota = new DelayedQuota(reads, limits);
  }

  nextAtMs(): number | undefined {
    return this.#reads.nextAtMs();
  }

  /** Indexes of messages that there is no room for, and the topic of the first. */
  withoutRoom(batch: Batch): { readonly indexes: readonly number[]; readonly topic: string } {
    const indexes: number[] = [];
    let first = "";
    let messages = 0;
    let bytes = 0;
    for (const { index, topic, record } of this.#recordsOf(batch)) {
      if (this.#quota.hasRoomFor(messages + 1, bytes + record.length)) {
        messages++;
        bytes += record.length;
      } else if (indexes.push(index) === 1) {
        first = topic;
      }
    }
    return { indexes, topic: first };
  }

  /**
   * Takes a batch's delayed messages over but for those that are refused. Behind the first message that is, delayed or not,
   * the numbered ones are refused as well: the publisher's cursor stops there, and would not cover them.
   */
  take(batch: Batch, refused: Set<number>, nowMs: number): Taken {
    const recordsAt = new Map<number, Uint8Array[]>();
    let firstRefused = Number.POSITIVE_INFINITY;
    for (const index of refused) firstRefused = Math.min(firstRefused, index);
    let nextAtMs = Number.POSITIVE_INFINITY;
    let count = 0;
    let takenUpTo = 0;
    for (const { index, sequence, seconds, record } of this.#recordsOf(batch)) {
      if (sequence > 0 && index > firstRefused) refused.add(index);
      if (refused.has(index)) continue;
      // A client that came again while its first attempt waited to leave has it in one batch twice.
      if (sequence > 0 && sequence <= takenUpTo) continue;
      takenUpTo = Math.max(takenUpTo, sequence);
      const dueMs = Math.ceil((nowMs + seconds * 1000) / stepMs) * stepMs;
      // A clock that went back must not bring a row among those that are leaving.
      const dueAtMs = Math.max(dueMs, this.#last().dueAtMs + 1);
      const records = recordsAt.get(dueAtMs);
      if (records === undefined) recordsAt.set(dueAtMs, [record]);
      else records.push(record);
      nextAtMs = Math.min(nextAtMs, dueAtMs);
      count++;
    }
    const changes = Array.from(recordsAt, ([dueAtMs, records]): ShardChange => {
      const body = concatenate(records);
      this.#quota.add(records.length, body.length);
      return { kind: "put-delayed", row: { dueAtMs, publisher: batch.publisher, count: records.length, body } };
    });
    return { changes, count, nextAtMs: count === 0 ? undefined : nextAtMs };
  }

  /** From a backup, as they were kept. What was due meanwhile is due now. */
  restore(rows: readonly Omit<DelayedRow, "id">[]): Taken & { readonly taken: number; readonly refused: number } {
    const changes: ShardChange[] = [];
    let nextAtMs = Number.POSITIVE_INFINITY;
    let refused = 0;
    for (const row of rows) {
      if (!this.#quota.hasRoomFor(row.count, row.body.length)) {
        refused++;
        continue;
      }
      this.#quota.add(row.count, row.body.length);
      const dueAtMs = Math.max(row.dueAtMs, this.#last().dueAtMs + 1);
      nextAtMs = Math.min(nextAtMs, dueAtMs);
      changes.push({ kind: "put-delayed", row: { ...row, dueAtMs } });
    }
    const taken = changes.length;
    return { changes, count: taken, taken, refused, nextAtMs: taken === 0 ? undefined : nextAtMs };
  }

  /** What is to be published next, if anything is due. The page before it has left. */
  nextPage(nowMs: number): DelayedPage | undefined {
    const last = this.#last();
    const cutShort = this.#reads.rows(last, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY);
    if (cutShort.length > 0) return page(cutShort, last, undefined);
    const rows = this.#reads.rows({ dueAtMs: nowMs, id: Number.MAX_SAFE_INTEGER }, pageRowsMax, pageBytesMax);
    const end = rows.at(-1);
    if (end === undefined) return undefined;
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    const release = { dueAtMs: end.dueAtMs, id: end.id, sequence: last.sequence + last.count, count };
    this.#known = release;
    return page(rows, release, { kind: "put-release", release });
  }

  /** The page's rows are gone. */
  left({ count, bytes }: DelayedPage): void {
    this.#quota.add(-count, -bytes);
  }

  /** Those that were not taken over before. */
  *#recordsOf({ body, routedUpTo, repeated }: Batch): Generator<DelayedRecord> {
    const upTo = routedUpTo();
    const reader = new RecordReader(body);
    for (let index = 0; reader.next(); index++) {
      const { sequence, qos } = reader;
      const delay = delayOf(reader);
      if (delay === undefined || (sequence > 0 && sequence <= upTo) || (qos === 0 && repeated)) continue;
      yield { ...delay, index, sequence, record: undelayed(reader, delay) };
    }
  }

  #last(): Release {
    this.#known ??= this.#reads.release() ?? { dueAtMs: 0, id: 0, sequence: 1, count: 0 };
    return this.#known;
  }
}

/** The record to keep: to the topic itself, its expiry interval counted from its release. */
function undelayed(reader: RecordReader, { seconds, topic }: DelayedName): Uint8Array {
  const { qos, retain, properties, payload } = reader;
  const expiresAtMs = reader.expiresAtMs === 0 ? 0 : reader.expiresAtMs + seconds * 1000;
  const writer = new RecordWriter();
  writer.append({ qos, retain, sequence: 0, expiresAtMs, topicBytes: encoder.encode(topic), properties, payload });
  return writer.take();
}

function page(rows: readonly DelayedRow[], release: Release, begin: ShardChange | undefined): DelayedPage {
  let sequence = release.sequence;
  let bytes = 0;
  const numbered = rows.map((row) => {
    const body = numberedFrom(sequence, row.body);
    sequence += row.count;
    bytes += row.body.length;
    return { ...row, body };
  });
  return { begin, rows: numbered, count: release.count, bytes, end: { kind: "delete-delayed", upTo: release } };
}

/** QoS 2 alone has use for a number: others stay as they are. */
function numberedFrom(first: number, body: Uint8Array): Uint8Array {
  const writer = new RecordWriter();
  const reader = new RecordReader(body);
  let isNumbered = false;
  for (let index = 0; reader.next(); index++) {
    const { qos, retain } = reader;
    if (qos === 2) isNumbered = true;
    writer.appendForwarded(reader, qos, retain, [], first + index);
  }
  return isNumbered ? writer.take() : body;
}
