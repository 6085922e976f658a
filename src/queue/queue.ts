// The messages a session still owes its client, in segments: one row holds the many messages that came in one call.
// The window decides which of them are sent; this file knows where they lie, and which segments are finished.

import { RecordReader } from "./record.ts";

/** The messages at `position` .. `position + count - 1`, records back to back. */
export interface Segment {
  readonly position: number;
  readonly count: number;
  readonly body: Uint8Array;
  /** Stored while a client was connected that may have been sent any of it at once. */
  readonly offered: boolean;
  /** When it was stored; 0: earlier code did not say. */
  readonly atMs: number;
}

/** The extent of a queue: its first segment, the position behind its last, and what lies in between. */
export interface QueueBounds {
  readonly first: number;
  readonly end: number;
  readonly bytes: number;
}

/** What the database knows of a queue. */
export interface QueueReads {
  /** The segment that holds `position`, or else the first one behind it. */
  segmentFrom(position: number): Segment | undefined;
  /** Without reading bodies; undefined for an empty queue. */
  queueBounds(): QueueBounds | undefined;
  /** Bytes of the segments that lie wholly within a range of positions. */
  bytesWithin(from: number, to: number): number;
  /** The end of the last segment that was offered, of those that begin in a range; 0 if there is none. */
  offeredEnd(from: number, to: number): number;
}

export interface AppendOptions {
  readonly offered: boolean;
  readonly stored: boolean;
  /** The window's: a segment that it has yet to reach through others on disk is not kept in memory. */
  readonly next: number;
  readonly atMs: number;
}

export interface FoundRecord {
  readonly reader: RecordReader;
  readonly offered: boolean;
  readonly atMs: number;
}

interface Held {
  readonly position: number;
  readonly end: number;
  readonly bytes: number;
  readonly offered: boolean;
  readonly atMs: number;
  /** False where the session ends with its connection and the client could be sent everything at once. */
  stored: boolean;
  /** Absent once every message was sent: a resend reads the row again. */
  body: Uint8Array | undefined;
}

/** What is appended stays in memory up to this, so that a draining queue does not read back what it has just written. */
const heldBytesMax = 4 * 1024 * 1024;

export class Queue {
  readonly #reads: QueueReads;
  #end: number;
  #bytes: number;
  /** Segments before this position are gone. */
  #start: number;
  /** Known segments, oldest first. There may be others, on disk only, before, between and behind them. */
  #held: Held[] = [];
  /** How many of them, from the first on, were sent and have let go of their bodies. */
  #bodiless = 0;
  #heldBytes = 0;
  /** How many of them, from the last on, only wait to be written. */
  #far = 0;
  /** Positions from here on were appended in this step: the database does not have them yet. */
  #unwritten: number;
  /** Ranges that were given up in this step, in their order: the database has their segments yet. */
  #dropped: { readonly from: number; readonly to: number }[] = [];
  #cursor: { readonly held: Held; readonly reader: RecordReader; position: number } | undefined;

  constructor(reads: QueueReads, bounds: QueueBounds) {
    this.#reads = reads;
    this.#start = bounds.first;
    this.#end = bounds.end;
    this.#bytes = bounds.bytes;
    this.#unwritten = bounds.end;
  }

  /** The position that the next message will get. */
  get end(): number {
    return this.#end;
  }

  /** Of all segments that are not finished, whole. */
  get bytes(): number {
    return this.#bytes;
  }

  get bounds(): QueueBounds {
    return { first: this.#start, end: this.#end, bytes: this.#bytes };
  }

  /** The segment at this position was appended unstored and has become a row. */
  written(position: number): void {
    const held = this.#held[this.#indexFrom(position)];
    if (held?.position === position) held.stored = true;
  }

  append(body: Uint8Array, count: number, options: AppendOptions): Segment {
    const { offered, stored, next, atMs } = options;
    const position = this.#end;
    this.#end += count;
    this.#bytes += body.length;
    const follows = position === next || (this.#far === 0 && this.#held.at(-1)?.end === position);
    if (stored && !(follows && this.#heldBytes + body.length <= heldBytesMax)) this.#far++;
    this.#held.push({ position, end: this.#end, bytes: body.length, offered, atMs, stored, body });
    this.#heldBytes += body.length;
    return { position, count, body, offered, atMs };
  }

  /**
   * The record at a position, on a reader that is valid until the next call; undefined if the position is in no
   * segment, because it was dropped.
   */
  read(position: number): FoundRecord | undefined {
    let cursor = this.#cursor;
    if (cursor === undefined || position < cursor.position || position >= cursor.held.end) {
      const held = this.#holding(position);
      if (held === undefined || position < held.position) return undefined;
      cursor = { held, reader: new RecordReader(held.body as Uint8Array), position: held.position - 1 };
      this.#cursor = cursor;
    }
    while (cursor.position < position) {
      if (!cursor.reader.next()) throw new RangeError("a segment holds fewer messages than its row says");
      cursor.position++;
    }
    return { reader: cursor.reader, offered: cursor.held.offered, atMs: cursor.held.atMs };
  }

  /** The first position from `position` on that is in a segment; the queue's end if there is none. */
  firstFrom(position: number): number {
    const held = position < this.#end ? this.#holding(position) : undefined;
    return held === undefined ? this.#end : Math.max(position, held.position);
  }

  /** Everything before `next` was sent: bodies that lie wholly before it are let go. */
  sent(next: number): void {
    for (let held = this.#held[this.#bodiless]; held !== undefined && held.end <= next; ) {
      this.#letGo(held);
      held = this.#held[++this.#bodiless];
    }
  }

  /** Everything before `head` is finished. True when rows of whole segments can be deleted. */
  release(head: number): boolean {
    let stored = false;
    while (this.#start < head) {
      const oldest = this.#oldest();
      if (oldest === undefined || oldest.end > head) break;
      this.#letGo(oldest);
      this.#held.shift();
      this.#bodiless = Math.max(0, this.#bodiless - 1);
      this.#bytes -= oldest.bytes;
      this.#start = oldest.end;
      stored ||= oldest.stored;
    }
    // Segments that were never stored are unknown after hibernation: with nothing left there is nothing to know.
    if (head === this.#end) {
      this.#start = this.#end;
      this.#bytes = 0;
    }
    return stored;
  }

  /** What lies wholly within a range is given up; its rows can go. */
  drop(from: number, to: number): void {
    const known = this.#dropped.filter((range) => range.from >= from);
    this.#bytes -= this.#bytesWritten(from, to);
    for (const range of known) this.#bytes += this.#bytesWritten(range.from, range.to);
    this.#dropped = [...this.#dropped.filter((range) => range.from < from), { from, to }];
    for (let index = this.#held.length - 1; index >= 0; index--) {
      const held = this.#held[index] as Held;
      if (held.position < from || held.end > to) continue;
      if (held.position >= this.#unwritten) this.#bytes -= held.bytes;
      this.#letGo(held);
      this.#held.splice(index, 1);
      if (index < this.#bodiless) this.#bodiless--;
      if (index > this.#held.length - this.#far) this.#far--;
    }
  }

  #bytesWritten(from: number, to: number): number {
    return this.#reads.bytesWithin(from, Math.min(to, this.#unwritten));
  }

  /** A step begins. What earlier ones appended is in the database: what the window has yet to reach need not stay in memory. */
  settle(): void {
    while (this.#far > 0) {
      const held = this.#held.pop();
      if (held !== undefined) this.#letGo(held);
      this.#far--;
    }
    this.#unwritten = this.#end;
    if (this.#dropped.length > 0) this.#dropped = [];
  }

  #letGo(held: Held): void {
    if (this.#cursor?.held === held) this.#cursor = undefined;
    if (held.body === undefined) return;
    this.#heldBytes -= held.bytes;
    held.body = undefined;
  }

  #oldest(): Held | undefined {
    const known = this.#held[0];
    if (known?.position === this.#start) return known;
    const row = this.#rowFrom(this.#start);
    if (row === undefined || (known !== undefined && known.position <= row.position)) {
      this.#start = known?.position ?? this.#end;
      return known;
    }
    this.#start = row.position;
    return this.#insert(0, row);
  }

  /** The segment that holds `position` or is the first behind it, with its body. */
  #holding(position: number): Held | undefined {
    const index = this.#indexFrom(position);
    const known = this.#held[index];
    if (known !== undefined && known.position <= position && known.body !== undefined) return known;

    const row = this.#rowFrom(position);
    if (row === undefined || (known !== undefined && known.body !== undefined && known.position <= row.position)) {
      return known?.body === undefined ? undefined : known;
    }
    if (known?.position === row.position) this.#held.splice(index, 1);
    return this.#insert(index, row);
  }

  /** The row that holds `position`, or else the first one behind it, as they are after this step. */
  #rowFrom(position: number): Segment | undefined {
    let row = this.#reads.segmentFrom(position);
    for (const { from, to } of this.#dropped) {
      const isDropped = row !== undefined && row.position >= from && row.position + row.count <= to;
      if (isDropped) row = this.#reads.segmentFrom(to);
    }
    return row;
  }

  #insert(index: number, row: Segment): Held {
    const { position, offered, atMs, body } = row;
    const held: Held = { position, end: position + row.count, bytes: body.length, offered, atMs, stored: true, body };
    this.#held.splice(index, 0, held);
    this.#bodiless = Math.min(this.#bodiless, index);
    this.#heldBytes += body.length;
    return held;
  }

  /** Index of the first known segment that ends behind `position`. */
  #indexFrom(position: number): number {
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#held[middle] as Held).end > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
