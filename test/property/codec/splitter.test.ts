import fc from "fast-check";
import { expect, test } from "vitest";
import { walkPackets } from "../../../src/codec/decode.ts";
import { encodePackets } from "../../../src/codec/encode.ts";
import { PacketSplitter } from "../../../src/codec/splitter.ts";
import { outPublish } from "../../support/packet-arbitraries.ts";

const large = fc.integer({ min: 0, max: 40_000 }).map((length) => new Uint8Array(length));
const publish = fc
  .tuple(outPublish, fc.option(large))
  .map(([packet, payload]) => ({ ...packet, ...(payload && { payload }) }));

test("however a stream is cut, the same packets come out", () => {
  const cuts = fc.array(fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 20_000 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(fc.array(publish, { minLength: 1, maxLength: 6 }), cuts, (packets, sizes) => {
      const stream = encodePackets(packets, 5);
      const expected: Uint8Array[] = [];
      expect(walkPackets(stream, (frame, start, end) => expected.push(frame.subarray(start, end)))).toBeUndefined();
      const splitter = new PacketSplitter(100_000);
      const found: Uint8Array[] = [];
      const cutAt = (index: number) => sizes[index % sizes.length] ?? 0;
      for (let at = 0, index = 0; at < stream.length; index++) {
        // A chunk of its own memory, overwritten afterwards: what is kept of it must be a copy.
        const end = Math.min(stream.length, at + Math.max(cutAt(index), index % sizes.length === 0 ? 1 : 0));
        const chunk = stream.slice(at, end);
        const failure = splitter.push(chunk, (frame, start, stop) => found.push(frame.slice(start, stop)));
        expect(failure).toBeUndefined();
        chunk.fill(0xee);
        at = end;
      }
      expect(splitter.pendingBytes).toBe(0);
      expect(found.length).toBe(expected.length);
      expect(found.every((packet, index) => Buffer.from(packet).equals(expected[index] ?? packet.subarray(1)))).toBe(
        true,
      );
    }),
    { numRuns: 300 },
  );
});
