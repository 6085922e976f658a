// Batches that are on the wire and in memory only. A client that is connected mostly acknowledges within a moment, and
// what it has acknowledged need not be written: so a small batch for it is held, and its shard waits for the answer. It is
// written after all when the acknowledgements do not come in time, or the connection ends before they do.
//
// A batch is held
// 1. for a session that outlives its connection (any other writes nothing that goes at once),
// 2. if all of it goes to the client at once, none of it being dropped for want of room, behind nothing that is written and unfinished:
//    what is written stays without holes,
// 3. if all of it is of QoS 1, without a sequence: the cursors of exactly-once delivery move in the transaction of the row, and
//    what has come to PUBREC must not come again as a PUBLISH,
// 4. if somebody still waits for it: what is owed is a row elsewhere, and not under a share, which has rules of its own,
// 5. if it is small: a row that many messages share is cheap, and their publisher need not wait for the client,
// 6. and if this client has lately acknowledged in time.

import type { Segment } from "../queue/queue.ts";
import { Progress } from "../queue/window.ts";
import type { SegmentOrigin } from "./changes.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";

/** How long a client's acknowledgement is waited for. */
export const holdMs = 50;
/** The same, where the thread is too busy to notice it: less than the shard waits for the answer. */
export const holdMsMax = 400;

/** Bytes of a batch that is held. */
const heldBytesMax = 64 * 1024;
/** Positions that one row declares as used ahead of using them. */
const reservedAhead = 4_096;
/** After so many batches at most it is tried again whether a slow client has become faster. */
const skippedMax = 64;

export interface Hold {
  readonly segment: Segment;
  /** It became a row after all. */
  isWritten: boolean;
}

export class Holding {
  readonly held: Hold[] = [];
  /** The end of what is written: unfinished below the window's head, nothing is. */
  storedEnd: number;
  /** Positions below may have been used by messages that were never written. As the row has it. */
  usedBelow: number;
  /** The window passes over positions of which its row says nothing, and nothing behind them is written yet. */
  gapIsUnwritten: boolean;
  /** Batches in a row that the client did not acknowledge in time. */
  #late = 0;
  #toSkip = 0;

  constructor(storedEnd: number, usedBelow: number, gapIsUnwritten: boolean) {
    this.storedEnd = storedEnd;
    this.usedBelow = usedBelow;
    this.gapIsUnwritten = gapIsUnwritten;
  }

  /** To be asked once for each batch that could be held. */
  isWorthwhile(): boolean {
    if (this.#toSkip === 0) return true;
    this.#toSkip--;
    return false;
  }

  inTime(): void {
    this.#late = 0;
  }

  late(): void {
    this.#late++;
    this.#toSkip = Math.min(skippedMax, 2 ** (this.#late - 1));
  }

  /** Another connection may be faster. */
  begin(): void {
    this.#late = 0;
    this.#toSkip = 0;
  }
}

/** Rules 1, 2, 5 and 6. */
export function mayHold(session: Session, messages: number, bytes: number): boolean {
  const { record, window, holding, limits } = session;
  if (record === undefined || messages === 0 || messages > limits.heldMessagesMax || bytes > heldBytesMax) return false;
  return window.head >= holding.storedEnd && holding.isWorthwhile();
}

/** Its positions, and so its packet identifiers, are not used again, even if it never becomes a row [MQTT-2.2.1-4]. */
export function hold(session: Session, segment: Segment, effects: Effects): void {
  const { holding } = session;
  const held = { segment, isWritten: false };
  holding.held.push(held);
  effects.held = held;
  const end = segment.position + segment.count;
  if (end <= holding.usedBelow) return;
  holding.usedBelow = end + reservedAhead;
  effects.windowChanged = true;
}

/** Lets go of what its client has acknowledged, in order: should what lies before become a row, there is no hole. */
export function settleHeld({ holding, window }: Session, effects: Effects): void {
  for (let first = holding.held[0]; first !== undefined; first = holding.held[0]) {
    const { position, count } = first.segment;
    for (let at = Math.max(position, window.head); at < position + count; at++) {
      if (window.progressAt(at) !== Progress.done) return;
    }
    holding.held.shift();
    holding.inTime();
    effects.settled.push(first);
  }
}

/** Its time is over: it becomes a row, and what lies behind it with it. */
export function writeLate(session: Session, held: Hold, effects: Effects): void {
  const { holding } = session;
  const index = holding.held.indexOf(held);
  if (index === -1) return;
  holding.late();
  for (const late of holding.held.splice(index)) write(session, late, effects);
}

/** The connection has ended: all that is held becomes rows. */
export function writeHeld(session: Session, effects: Effects): void {
  for (const held of session.holding.held.splice(0)) write(session, held, effects);
}

/** The session has ended: nobody is owed it any more. */
export function forgetHeld(session: Session, effects: Effects): void {
  effects.settled.push(...session.holding.held.splice(0));
}

function write(session: Session, held: Hold, effects: Effects): void {
  session.queue.written(held.segment.position);
  putSegment(session, held.segment, undefined, effects);
  held.isWritten = true;
  effects.settled.push(held);
}

/** A segment becomes a row. */
export function putSegment(
  { holding }: Session,
  segment: Segment,
  origin: SegmentOrigin | undefined,
  effects: Effects,
): void {
  holding.storedEnd = Math.max(holding.storedEnd, segment.position + segment.count);
  if (holding.gapIsUnwritten) {
    holding.gapIsUnwritten = false;
    effects.windowChanged = true;
  }
  effects.persist.push({ kind: "put-segment", segment, origin });
}
