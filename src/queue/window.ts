// The outbound window: which of the queue's messages are on their way to the client, and how far each has come.
//
// Every QoS 1 or 2 message of a session has a position, counted from the session's first. `head` is the first position
// that is not finished, `next` the first that was not sent on this connection. A packet identifier is a function of the
// position, so that a resend after any crash carries the identifier of the first attempt without a row for it
// [MQTT-4.4.0-1].

import type { QoS } from "../protocol/packet.ts";
import { Progress, readProgress, type WrittenProgress, writeProgress } from "./progress.ts";

export { Progress } from "./progress.ts";

/** Positions from `from` to before `to`, dropped unsent: the window passes over them. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** Its progress is that of the positions from `head` on. */
export interface WindowSnapshot extends WrittenProgress {
  readonly head: number;
  readonly next: number;
  readonly dupBelow: number;
  readonly gaps: readonly Gap[];
}

/** Identifiers are 1..65535; two positions that far apart would share one, so the window never spans more. */
const packetIdCount = 65_535;

export class Window {
  #head: number;
  #next: number;
  /** Positions below were, or may have been, sent on an earlier connection: a resend of theirs carries DUP. */
  dupBelow: number;
  #inflight = 0;
  #done = 0;
  /** Ahead of `head`, in order, none touching the next. */
  #gaps: Gap[] = [];
  /** Counts what the client's acknowledgements changed. */
  changes = 0;
  #progress = new Uint8Array(64);
  /** From here on no position was touched. */
  #touchedEnd = 0;

  constructor(start = 0) {
    this.#head = start;
    this.#next = start;
    this.dupBelow = start;
  }

  get head(): number {
    return this.#head;
  }

  get next(): number {
    return this.#next;
  }

  /** Messages sent and not finished: what Receive Maximum bounds [MQTT-3.3.4-9]. */
  get inflight(): number {
    return this.#inflight;
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** Of the positions from `head` to before `end`, those that are neither finished nor dropped. */
  unfinishedBefore(end: number): number {
    let dropped = 0;
    for (const { from, to } of this.#gaps) dropped += to - from;
    return end - this.#head - this.#done - dropped;
  }

  /** How many more may be sent, with so many in flight at most. */
  room(inflightMax: number): number {
    return Math.min(inflightMax - this.#inflight, packetIdCount - (this.#next - this.#head));
  }

  get spanIsFull(): boolean {
    return this.#next - this.#head >= packetIdCount;
  }

  packetIdAt(position: number): number {
    return (position % packetIdCount) + 1;
  }

  /** The position in flight under a packet identifier, or undefined. */
  positionOf(packetId: number): number | undefined {
    const start = this.#head % packetIdCount;
    const position = this.#head + ((packetId - 1 - start + packetIdCount) % packetIdCount);
    return position < this.#next ? position : undefined;
  }

  /** What lies before the head is finished. */
  progressAt(position: number): Progress {
    if (position < this.#head) return Progress.done;
    if (position - this.#head >= this.#progress.length) return Progress.untouched;
    return this.#progress[position & (this.#progress.length - 1)] as Progress;
  }

  /** The message at `next` goes out (again), or one that was passed. */
  send(qos: QoS, position = this.#next): void {
    this.#set(position, qos === 2 ? Progress.sentQos2 : Progress.sentQos1);
    if (position === this.#next) this.#next++;
    this.#inflight++;
  }

  /** The message at `next` is somebody else's for now; when it is not any more it is sent from behind `next`. */
  pass(): void {
    this.#next++;
  }

  /** PUBREL for the message at `next` goes out again. */
  sendRelease(): void {
    this.#next++;
    this.#inflight++;
  }

  /** The message at `next` needs no sending: it was finished before, or dropped. */
  skip(): void {
    this.#set(this.#next, Progress.done);
    this.#next++;
    this.#advance();
  }

  /** A message that is not in flight is finished, wherever it lies and whether or not anybody is connected. */
  settle(position: number): void {
    this.changes++;
    this.#set(position, Progress.done);
    while (this.passGap() || this.progressAt(this.#next) === Progress.done) {
      if (this.progressAt(this.#next) === Progress.done) this.skip();
    }
    this.#advance();
  }

  /** Finished behind an unfinished one. */
  get finishedAhead(): number {
    return this.#done;
  }

  /** From here on no message was touched. */
  get touchedEnd(): number {
    return this.#touchedEnd;
  }

  isDropped(position: number): boolean {
    return this.#gaps.some(({ from, to }) => position >= from && position < to);
  }

  /** Positions from here on have to wait for the head: their identifiers are taken. */
  get spanEnd(): number {
    return this.#head + packetIdCount;
  }

  /** Messages that were not sent are given up. Everything from `from` to `to` is, that has not been before. */
  drop(from: number, to: number): void {
    const last = this.#gaps.at(-1);
    if (last !== undefined && last.to >= from) this.#gaps[this.#gaps.length - 1] = { from: last.from, to };
    else this.#gaps.push({ from, to });
    this.passGap();
  }

  /** If `next` is in a gap it goes behind it. */
  passGap(): boolean {
    const gap = this.#gaps.find(({ from, to }) => this.#next >= from && this.#next < to);
    if (gap === undefined) return false;
    this.#next = gap.to;
    this.#advance();
    return true;
  }

  /** PUBREC came: from now on PUBREL is resent, never PUBLISH [MQTT-4.3.3-6]. */
  release(position: number): void {
    this.changes++;
    this.#set(position, Progress.released);
  }

  /** The message in flight at this position is finished. */
  finish(position: number): void {
    this.changes++;
    this.#set(position, Progress.done);
    this.#inflight--;
    this.#advance();
  }

  /** Those in flight from `from` to `to` will not be acknowledged, or if they are it does not matter. */
  giveUp(from: number, to: number): void {
    for (let position = Math.max(from, this.#head); position < Math.min(to, this.#next); position++) {
      if (isInflight(this.progressAt(position))) this.finish(position);
    }
  }

  /** The connection ended: whatever is not finished will be sent again on the next one. */
  rewind(): void {
    for (let position = this.#head; position < this.#next; position++) {
      const progress = this.progressAt(position);
      if (progress === Progress.sentQos1 || progress === Progress.sentQos2) this.#set(position, Progress.untouched);
    }
    this.dupBelow = Math.max(this.dupBelow, this.#next);
    this.#next = this.#head;
    this.#inflight = 0;
    this.passGap();
  }

  /** Positions below are gone from the queue. */
  moveTo(head: number): void {
    if (head - this.#head >= this.#progress.length) {
      // Far ahead of all that is known: nothing to look at on the way.
      this.#progress.fill(Progress.untouched);
      this.#inflight = 0;
      this.#done = 0;
      this.#head = head;
    }
    while (this.#head < head) {
      if (this.#head < this.#next && isInflight(this.progressAt(this.#head))) this.#inflight--;
      this.#set(this.#head, Progress.untouched);
      this.#head++;
    }
    this.#next = Math.max(this.#next, head);
    if (!this.passGap()) this.#advance();
  }

  /** The window of the living connection. */
  snapshot(): WindowSnapshot {
    const { dupBelow } = this;
    return { head: this.#head, next: this.#next, dupBelow, gaps: this.#gaps, ...this.#written(false) };
  }

  /** The window as the next connection will find it, if this one ends now. */
  rewound(dupBelow: number): WindowSnapshot {
    return { head: this.#head, next: this.#head, dupBelow, gaps: this.#gaps, ...this.#written(true) };
  }

  /** As it was, on the same connection. */
  static restore(snapshot: WindowSnapshot): Window {
    const window = new Window(snapshot.head);
    window.dupBelow = snapshot.dupBelow;
    window.#gaps = [...snapshot.gaps];
    for (const [offset, progress] of readProgress(snapshot).entries()) {
      const position = snapshot.head + offset;
      window.#set(position, progress as Progress);
      if (position < snapshot.next && isInflight(progress as Progress)) window.#inflight++;
    }
    window.#next = snapshot.next;
    return window;
  }

  #written(rewound: boolean): WrittenProgress {
    // Behind `next` lie those that an earlier connection brought further than this one, and dropped ones.
    const written = new Uint8Array(Math.max(0, this.#touchedEnd - this.#head));
    for (let offset = 0; offset < written.length; offset++) {
      const progress = this.progressAt(this.#head + offset);
      const isLost = rewound && (progress === Progress.sentQos1 || progress === Progress.sentQos2);
      written[offset] = isLost ? Progress.untouched : progress;
    }
    return writeProgress(written);
  }

  #advance(): void {
    for (;;) {
      const gap = this.#gaps[0];
      if (gap !== undefined && this.#head >= gap.from && this.#next >= gap.to) {
        this.#head = Math.max(this.#head, gap.to);
        this.#gaps.shift();
      } else if (this.#head < this.#next && this.progressAt(this.#head) === Progress.done) {
        this.#set(this.#head, Progress.untouched);
        this.#head++;
      } else {
        return;
      }
    }
  }

  #set(position: number, progress: Progress): void {
    while (position - this.#head >= this.#progress.length) this.#grow();
    const slot = position & (this.#progress.length - 1);
    if (this.#progress[slot] === Progress.done) this.#done--;
    if (progress === Progress.done) this.#done++;
    this.#progress[slot] = progress;
    if (progress !== Progress.untouched && position >= this.#touchedEnd) this.#touchedEnd = position + 1;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#progress.length * 2);
    for (let offset = 0; offset < this.#progress.length; offset++) {
      const position = this.#head + offset;
      grown[position & (grown.length - 1)] = this.progressAt(position);
    }
    this.#progress = grown;
  }
}

function isInflight(progress: Progress): boolean {
  return progress === Progress.sentQos1 || progress === Progress.sentQos2 || progress === Progress.released;
}
