import { expect, test } from "vitest";
import { PacketSplitter } from "../../../src/codec/splitter.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { packetOf } from "../../support/client-packets.ts";

function collect(splitter: PacketSplitter, chunk: Uint8Array) {
  const packets: Uint8Array[] = [];
  const failure = splitter.push(chunk, (frame, start, end) => packets.push(frame.slice(start, end)));
  return { packets, failure };
}

const ping = packetOf(0xc0);
const joined = (...packets: Uint8Array[]) => Uint8Array.from(packets.flatMap((packet) => [...packet]));

test("whole packets are visited where they lie", () => {
  const chunk = joined(ping, packetOf(0x30, "a", [1, 2]), ping);
  const seen: [boolean, number, number][] = [];
  new PacketSplitter(1000).push(chunk, (frame, start, end) => seen.push([frame === chunk, start, end]));
  expect(seen).toEqual([
    [true, 0, 2],
    [true, 2, 9],
    [true, 9, 11],
  ]);
});

const malformed = ReasonCode.malformedPacket;

test.each([
  ["MQTT-1.5.5-1", "five length bytes", [0x30, 0x80, 0x80, 0x80, 0x80], malformed],
  ["MQTT-1.5.5-1", "0 in two bytes", [0x30, 0x80, 0x00], malformed],
  ["MQTT-1.5.5-1", "127 in two bytes", [0x30, 0xff, 0x00], malformed],
  ["packet-type", "type 0", [0x0f], malformed],
  ["MQTT-3.2.2-15", "one byte too many", [0x30, 0x63, 1], ReasonCode.packetTooLarge],
  ["MQTT-3.2.2-15", "256 MiB", [0x30, 0xff, 0xff, 0xff, 0x7f], ReasonCode.packetTooLarge],
])(
  "%s: %s is refused with the header, in one piece or in many; packets before it are visited",
  (rule, _title, bytes, reason) => {
    const whole = new PacketSplitter(100);
    const first = collect(whole, joined(ping, Uint8Array.from(bytes)));
    expect(first.packets).toEqual([ping]);
    expect(first.failure).toMatchObject({ rule, reason });
    expect(collect(whole, ping)).toEqual({ packets: [], failure: first.failure });

    const pieces = new PacketSplitter(100);
    const results = bytes.map((byte) => collect(pieces, Uint8Array.of(byte)));
    expect(results.at(-1)?.failure ?? results.find(({ failure }) => failure)?.failure).toMatchObject({ rule, reason });
    expect(pieces.pendingBytes).toBeLessThanOrEqual(5);
  },
);

test("a packet of exactly the limit passes", () => {
  const packet = packetOf(0x30, new Uint8Array(98));
  expect(packet).toHaveLength(100);
  expect(collect(new PacketSplitter(100), packet).packets).toEqual([packet]);
  expect(collect(new PacketSplitter(99), packet).failure).toMatchObject({ rule: "MQTT-3.2.2-15" });
});

test("frames of completed packets are not written to again", () => {
  const splitter = new PacketSplitter(1000);
  const frames: Uint8Array[] = [];
  for (const value of [1, 2, 3]) {
    for (const byte of packetOf(0x30, "a", [value])) {
      splitter.push(Uint8Array.of(byte), (frame, start, end) => frames.push(frame.subarray(start, end)));
    }
  }
  expect(frames).toEqual([1, 2, 3].map((value) => packetOf(0x30, "a", [value])));
});

test("empty chunks change nothing", () => {
  const splitter = new PacketSplitter(1000);
  expect(collect(splitter, new Uint8Array(0))).toEqual({ packets: [], failure: undefined });
  collect(splitter, Uint8Array.of(0xc0));
  expect(collect(splitter, new Uint8Array(0))).toEqual({ packets: [], failure: undefined });
  expect(collect(splitter, Uint8Array.of(0)).packets).toEqual([ping]);
});

test("a large declaration alone keeps little memory", () => {
  const splitter = new PacketSplitter(300_000_000);
  splitter.push(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3), () => {});
  expect(splitter.pendingBytes).toBe(8);
});
