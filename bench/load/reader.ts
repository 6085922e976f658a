// Splits a stream of bytes into MQTT packets, wherever the pieces were cut. A packet is handed over as offsets into the
// piece it lies in, so that the common case (whole packets in a piece) copies nothing.

export type PacketHandler = (firstByte: number, bytes: Buffer, bodyAt: number, bodyEnd: number) => void;

export class PacketReader {
  #rest: Buffer | undefined;
  readonly #handle: PacketHandler;

  constructor(handle: PacketHandler) {
    this.#handle = handle;
  }

  push(piece: Buffer): void {
    const bytes = this.#rest === undefined ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = undefined;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#takeOne(bytes, at);
      if (next < 0) {
        this.#rest = bytes.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** Returns the offset behind the packet at `at`, or -1 when it is not complete yet. */
  #takeOne(bytes: Buffer, at: number): number {
    let length = 0;
    let factor = 1;
    let cursor = at + 1;
    for (;;) {
      const byte = bytes[cursor];
      if (byte === undefined) return -1;
      cursor += 1;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
      if (factor > 2_097_152) throw new Error("the broker sent a packet length of more than four bytes");
    }
    const end = cursor + length;
    if (end > bytes.length) return -1;
    this.#handle(bytes[at] ?? 0, bytes, cursor, end);
    return end;
  }
}
