// What a client has sent, on its way to the session object: whole packets, of which those leave together as one frame that came
// together. A timer of no time rings when everything that has arrived is taken, but a millisecond late. Two are spared that:
// a client that sends a frame now and then, whose frame leaves at once, and if others follow at its heels they have the timer;
// and a client that has answered everything it was sent, of which nothing more is to be expected, and for whose
// answers its publishers wait.

import { answersOwedTo, isAnswer } from "../../src/codec/answers.ts";
import type { PacketType } from "../../src/protocol/packet-type.ts";
import { concatenate } from "../../src/queue/record.ts";

/** A frame to the session leaves early when it has grown to this. */
const frameBytesMax = 1024 * 1024;
/**
 * What a frame of the client's takes in memory besides its bytes, and about what a piece of one does. Packets that are neighbours in a
 * frame are one piece, so that two bytes sent are not a hundred kept.
 */
const pieceBytes = 256;
/** Frames further apart than this do not come together. */
const aloneMs = 1;

export class Outgoing {
  #send: ((frame: Uint8Array) => void) | undefined;
  /** In order. */
  #pieces: Uint8Array[] = [];
  /** The last one, which grows as long as its neighbours come. */
  #frame: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leavesNow = false;
  /** Frames of the client since others left. */
  #frames = 0;
  /** The client's frames come one at a time, so that the next need not wait for company. */
  #comesAlone = true;
  #heardAtMs = 0;
  #leftAtMs = 0;
  /** Answers that the client owes to what it was sent. */
  #owed = 0;

  /** What it takes in memory that waits to leave. */
  get weight(): number {
    const pieces = this.#pieces.length + (this.#frame === undefined ? 0 : 1);
    return this.#bytes + pieces * pieceBytes;
  }

  /** The session is reached: from now on packets leave, and those that wait do. */
  open(send: (frame: Uint8Array) => void): void {
    this.#send = send;
    if (this.#bytes > 0) this.#leaveNow();
  }

  /** A frame has come from the client. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#frames++;
  }

  /** A frame goes to the client. */
  told(frame: Uint8Array): void {
    this.#owed += answersOwedTo(frame);
  }

  /** A packet, `start` to `end` of the frame. */
  push(frame: Uint8Array, start: number, end: number, type: PacketType): void {
    if (frame !== this.#frame || start !== this.#end) {
      this.#endPiece();
      this.#frame = frame;
      this.#start = start;
    }
    this.#end = end;
    this.#bytes += end - start;
    const answers = isAnswer(type);
    if (answers && this.#owed > 0) this.#owed--;
    if (this.#send === undefined) return;
    if (this.#bytes >= frameBytesMax) this.flush();
    else if (answers ? this.#owed === 0 : this.#isAlone()) this.#leaveNow();
    else this.#leaveSoon();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#leavesNow = false;
    this.#comesAlone = this.#frames <= 1;
    this.#frames = 0;
    this.#leftAtMs = this.#heardAtMs;
    if (this.#send === undefined || this.#bytes === 0) return;
    this.#endPiece();
    const frame = concatenate(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    this.#send(frame);
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#send = undefined;
    this.flush();
  }

  #endPiece(): void {
    const frame = this.#frame;
    if (frame === undefined) return;
    const isWhole = this.#start === 0 && this.#end === frame.length;
    this.#pieces.push(isWhole ? frame : frame.subarray(this.#start, this.#end));
    this.#frame = undefined;
  }

  #isAlone(): boolean {
    return this.#timer === undefined && this.#comesAlone && this.#heardAtMs - this.#leftAtMs > aloneMs;
  }

  /** When the packets of this frame are taken. A microtask of the platform's own would cost more than this promise does. */
  #leaveNow(): void {
    if (this.#leavesNow) return;
    this.#leavesNow = true;
    void Promise.resolve().then(() => {
      if (this.#leavesNow) this.flush();
    });
  }

  #leaveSoon(): void {
    if (this.#leavesNow) return;
    this.#timer ??= setTimeout(() => this.flush(), 0);
  }
}
