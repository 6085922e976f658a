// The messages a session still owes its client, in segments: one row holds the many messages that came in one call.
// The window decides which of them are sent; this file knows where they lie, and which segments are finished.

import { RecordReader } from "./record.ts";

/** The messages at `position` .. `position + count - 1`, records back to back. */
export interface Segment {
  readonly position: number;
  readonly count: number;
  readonly body: Uint8Array;
  /** Bytes of this segment and of all before it since the session began: depth in bytes is a difference of two. */
  readonly totalBytes: number;
  /** Stored while a client was connected that may have been sent any of it at once. */
  readonly offered: boolean;
}

export interface QueueBounds {
  readonly first: number;
  readonly end: number;
  readonly bytesBeforeFirst: number;
  readonly totalBytes: number;
}

/** What the database knows of a queue. */
export interface QueueReads {
  /** The segment that holds `position`, or else the first one behind it. */
  segmentFrom(position: number): Segment | undefined;
  /** The extent of what is stored, without reading bodies; undefined for an empty queue. */
  queueBounds(): QueueBounds | undefined;
}

interface Held {
  readonly position: number;
  readonly end: number;
  readonly totalBytes: number;
  readonly offered: boolean;
  /** False where the session ends with its connection and the client could be sent everything at once. */
  readonly stored: boolean;
  /** Absent once every message was sent: a resend reads the row again. */
  body: Uint8Array | undefined;
}

/** What is appended stays in memory up to this, so that a draining queue does not read back what it has just written. */
const heldBytesMax = 4 * 1024 * 1024;

export class Queue {
  readonly #reads: QueueReads;
  #end: number;
  #totalBytes: number;
  #finishedBytes: number;
  /** Of dropped messages in segments that others still hold; forgotten when a segment goes, an error on the safe side. */
  #givenUpBytes = 0;
  /** Segments before this position are gone. */
  #start: number;
  /** Known segments, oldest first. There may be others, on disk only, before, between and behind them. */
  #held: Held[] = [];
  /** How many of them, from the first on, were sent and have let go of their bodies. */
  #bodiless = 0;
  #heldBytes = 0;
  #cursor: { readonly held: Held; readonly reader: RecordReader; position: number } | undefined;

  constructor(reads: QueueReads, bounds: QueueBounds) {
    this.#reads = reads;
    this.#start = bounds.first;
    this.#end = bounds.end;
    this.#totalBytes = bounds.totalBytes;
    this.#finishedBytes = bounds.bytesBeforeFirst;
  }

  /** The position that the next message will get. */
  get end(): number {
    return this.#end;
  }

  get bounds(): QueueBounds {
    return {
      first: this.#start,
      end: this.#end,
      bytesBeforeFirst: this.#finishedBytes,
      totalBytes: this.#totalBytes,
    };
  }

  get bytes(): number {
    return this.#totalBytes - this.#finishedBytes - this.#givenUpBytes;
  }

  /** A dropped message still lies in its segment, but does not count. */
  giveUp(bytes: number): void {
    this.#givenUpBytes += bytes;
  }

  /** `next` is the window's: a segment that it has yet to reach through others on disk is not kept in memory. */
  append(body: Uint8Array, count: number, options: { offered: boolean; stored: boolean; next: number }): Segment {
    const { offered, stored, next } = options;
    const position = this.#end;
    this.#end += count;
    this.#totalBytes += body.length;
    const predecessor = this.#held.at(-1);
    const follows = position === next || predecessor?.end === position;
    if (!stored || (follows && this.#heldBytes + body.length <= heldBytesMax)) {
      this.#held.push({ position, end: this.#end, totalBytes: this.#totalBytes, offered, stored, body });
      this.#heldBytes += body.length;
    }
    return { position, count, body, totalBytes: this.#totalBytes, offered };
  }

  /**
   * The record at a position, on a reader that is valid until the next call; undefined if the position is in no
   * segment, because it was dropped.
   */
  read(position: number): { readonly reader: RecordReader; readonly offered: boolean } | undefined {
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
    return { reader: cursor.reader, offered: cursor.held.offered };
  }

  /** The first position from `position` on that is in a segment; the queue's end if there is none. */
  firstFrom(position: number): number {
    if (position >= this.#end) return this.#end;
    const held = this.#holding(position);
    return held === undefined ? this.#end : Math.max(position, held.position);
  }

  /** Everything before `next` was sent: bodies that lie wholly before it are let go. */
  sent(next: number): void {
    for (let held = this.#held[this.#bodiless]; held !== undefined && held.end <= next; ) {
      this.#heldBytes -= held.body?.length ?? 0;
      held.body = undefined;
      held = this.#held[++this.#bodiless];
    }
    if (this.#cursor !== undefined && this.#cursor.held.end <= next) this.#cursor = undefined;
  }

  /** Everything before `head` is finished. True when rows of whole segments can be deleted. */
  release(head: number): boolean {
    let stored = false;
    while (this.#start < head) {
      const oldest = this.#oldest();
      if (oldest === undefined || oldest.end > head) break;
      this.#held.shift();
      this.#bodiless = Math.max(0, this.#bodiless - 1);
      this.#heldBytes -= oldest.body?.length ?? 0;
      this.#start = oldest.end;
      this.#finishedBytes = oldest.totalBytes;
      this.#givenUpBytes = 0;
      stored ||= oldest.stored;
    }
    if (head === this.#end) this.#finishAll();
    return stored;
  }

  /** Segments that were never stored are unknown after hibernation: with an empty queue there is nothing to know. */
  #finishAll(): void {
    this.#start = this.#end;
    this.#finishedBytes = this.#totalBytes;
    this.#givenUpBytes = 0;
  }

  #oldest(): Held | undefined {
    const known = this.#held[0];
    if (known?.position === this.#start) return known;
    const row = this.#reads.segmentFrom(this.#start);
    if (row === undefined || (known !== undefined && known.position <= row.position)) {
      this.#start = known?.position ?? this.#end;
      return known;
    }
    this.#start = row.position;
    return this.#insert(0, row);
  }

  /** The known segment that holds `position` or is the first behind it, with its body. */
  #holding(position: number): Held | undefined {
    const index = this.#indexFrom(position);
    const known = this.#held[index];
    if (known !== undefined && known.position <= position && known.body !== undefined) return known;

    const row = this.#reads.segmentFrom(position);
    if (row === undefined || (known !== undefined && known.body !== undefined && known.position <= row.position)) {
      return known?.body === undefined ? undefined : known;
    }
    if (known?.position === row.position) this.#held.splice(index, 1);
    return this.#insert(index, row);
  }

  #insert(index: number, row: Segment): Held {
    const { position, totalBytes, offered, body } = row;
    const held: Held = { position, end: position + row.count, totalBytes, offered, stored: true, body };
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
