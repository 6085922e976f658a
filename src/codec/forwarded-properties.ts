// The properties a broker passes on unchanged and in their order [MQTT-3.3.2-4] [MQTT-3.3.2-15] to [MQTT-3.3.2-20], as
// encoded bytes. Usually they are one stretch of the frame, of which a view is enough; they are copied only when
// something that is not passed on stands between them.

import { EMPTY_BYTES } from "../protocol/packet.ts";

export class ForwardedProperties {
  #start = 0;
  #end = 0;
  /** Copies of earlier stretches, once there is a gap. */
  #pieces: Uint8Array[] = [];

  reset(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#pieces.length > 0) this.#pieces = [];
  }

  keep(frame: Uint8Array, start: number, end: number): void {
    if (start !== this.#end) {
      if (this.#end > this.#start) this.#pieces.push(frame.subarray(this.#start, this.#end));
      this.#start = start;
    }
    this.#end = end;
  }

  finish(frame: Uint8Array): Uint8Array {
    if (this.#end === this.#start) return EMPTY_BYTES;
    const last = frame.subarray(this.#start, this.#end);
    if (this.#pieces.length === 0) return last;
    const pieces = [...this.#pieces, last];
    const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  }
}
