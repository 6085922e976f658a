// Whole packets out of a stream of chunks [MQTT-6.0.0-2]. A packet that lies whole within a chunk is visited in place;
// only the pieces of one that does not are collected, never more of them than the packet's own length, which is checked
// against the limit before anything is kept.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { PacketType } from "../protocol/packet-type.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { readVarint, VarintFault, varintLength } from "./varint.ts";

export type PacketVisitor = (frame: Uint8Array, start: number, end: number) => void;

const headerBytesMax = 5;
const firstCapacity = 256;

export class PacketSplitter {
  readonly #maximumPacketBytes: number;
  /** The beginning of a packet, and how much of it there is. Handed out with its packet, so never used twice. */
  #partial: Uint8Array | undefined;
  #have = 0;
  /** Length of that packet; 0 until its header is complete. */
  #need = 0;
  #failure: ProtocolFailure | undefined;

  constructor(maximumPacketBytes: number) {
    this.#maximumPacketBytes = maximumPacketBytes;
  }

  /** Bytes kept of a packet that is not complete. */
  get pendingBytes(): number {
    return this.#have;
  }

  /** Packets before a fault are visited; after one nothing is any more. The visitor may keep the frames. */
  push(chunk: Uint8Array, visit: PacketVisitor): ProtocolFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    let at = this.#have === 0 ? 0 : this.#resume(chunk, visit);
    while (at < chunk.length && this.#failure === undefined) {
      const length = this.#packetBytes(chunk, at, chunk.length);
      if (length === 0 || at + length > chunk.length) {
        this.#need = length;
        this.#keep(chunk, at, chunk.length);
        break;
      }
      if (this.#failure === undefined) visit(chunk, at, at + length);
      at += length;
    }
    return this.#failure;
  }

  /** Completes the kept packet as far as the chunk goes; returns how much of the chunk that took. */
  #resume(chunk: Uint8Array, visit: PacketVisitor): number {
    let at = 0;
    while (this.#need === 0 && at < chunk.length) {
      this.#keep(chunk, at, at + 1);
      at++;
      this.#need = this.#packetBytes(this.#partial as Uint8Array, 0, this.#have);
    }
    if (this.#need === 0 || this.#failure !== undefined) return at;
    const end = Math.min(chunk.length, at + this.#need - this.#have);
    this.#keep(chunk, at, end);
    if (this.#have === this.#need) {
      const frame = this.#partial as Uint8Array;
      const length = this.#need;
      this.#partial = undefined;
      this.#have = 0;
      this.#need = 0;
      visit(frame, 0, length);
    }
    return end;
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    if (this.#failure !== undefined || start === end) return;
    const wanted = this.#have + end - start;
    const capacity = this.#partial?.length ?? 0;
    if (wanted > capacity) {
      // Doubling, so that a packet in many pieces is copied a few times only; not the declared length at once, so that a
      // large declaration alone costs nothing.
      const doubled = Math.max(firstCapacity, capacity * 2, wanted);
      const grown = new Uint8Array(this.#need === 0 ? doubled : Math.min(doubled, this.#need));
      if (this.#partial !== undefined) grown.set(this.#partial.subarray(0, this.#have));
      this.#partial = grown;
    }
    (this.#partial as Uint8Array).set(chunk.subarray(start, end), this.#have);
    this.#have = wanted;
  }

  /** Length of the packet that starts here, header included; 0 while its header is not complete. */
  #packetBytes(bytes: Uint8Array, start: number, end: number): number {
    if ((bytes[start] as number) >> 4 === PacketType.reserved) {
      this.#failure = fail(ReasonCode.malformedPacket, "packet-type", "packet type 0 is reserved");
      return end - start;
    }
    const remaining = readVarint(bytes, start + 1, Math.min(end, start + headerBytesMax));
    if (remaining === VarintFault.incomplete) return 0;
    if (remaining < 0) {
      const detail = remaining === VarintFault.padded ? "is not in its shortest form" : "has more than four bytes";
      this.#failure = fail(ReasonCode.malformedPacket, "MQTT-1.5.5-1", `remaining length ${detail}`);
      return end - start;
    }
    const length = 1 + varintLength(remaining) + remaining;
    if (length > this.#maximumPacketBytes) {
      const detail = `packet of ${length} bytes, at most ${this.#maximumPacketBytes} are allowed`;
      this.#failure = fail(ReasonCode.packetTooLarge, "MQTT-3.2.2-15", detail);
    }
    return length;
  }
}
