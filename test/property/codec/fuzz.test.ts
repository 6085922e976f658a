// Packets with some bytes changed, cut or added: the decoder answers each with a packet or a failure, and whatever the
// guard lets pass the library accepts too.

import { expect, test } from "vitest";
import { Decoder } from "../../../src/codec/decode.ts";
import { decodeConnect } from "../../../src/codec/decode-connect.ts";
import { defaultContentRules } from "../../../src/protocol/content-rules.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { Random } from "../../fuzz/random.ts";
import { packetOf, section, text, varint } from "../../support/client-packets.ts";

const seed = 20_251_121;
const rounds = 20_000;

const user = [0x26, ...text("name"), ...text("")];
const will = section(0x18, 0, 0, 0, 5, 2, 0, 0, 0, 9, 3, ...text("type"), ...user);
const connectProperties = section(
  0x11,
  0,
  0,
  1,
  0,
  0x21,
  0,
  9,
  0x27,
  0,
  1,
  0,
  0,
  0x22,
  0,
  5,
  0x19,
  1,
  0x17,
  0,
  ...user,
  0x15,
  ...text("m"),
  0x16,
  0,
  1,
  7,
);
const publishProperties = section(
  1,
  1,
  2,
  0,
  0,
  0,
  9,
  3,
  ...text("é"),
  8,
  ...text("r"),
  9,
  0,
  1,
  0,
  0x23,
  0,
  3,
  ...user,
  ...user,
);
const id = [0, 7];

const packets: readonly [ProtocolVersion, Uint8Array][] = [
  [3, packetOf(0x10, "MQIsdp", [3, 0xc6, 0, 60], "client", "will", "payload", "user", "password")],
  [4, packetOf(0x10, "MQTT", [4, 0xee, 0, 60], "client", "will", "payload", "user", "password")],
  [
    5,
    packetOf(0x10, "MQTT", [5, 0xee, 0, 60], connectProperties, "client", will, "w/é", "payload", "user", "password"),
  ],
  [4, packetOf(0x3b, "a/b/c", id, "payload")],
  [5, packetOf(0x34, "a/😀", id, publishProperties, "payload")],
  [5, packetOf(0x30, "", section(0x23, 0, 1), "payload")],
  [5, packetOf(0x40, id, [0x10], section(0x1f, ...text("words"), ...user))],
  [4, packetOf(0x50, id)],
  [5, packetOf(0x62, id, [0x92])],
  [5, packetOf(0x82, id, section(0x0b, 0x81, 1, ...user), "a/+", [0x2d], "$share/g/#", [0x02])],
  [4, packetOf(0x82, id, "a/+", [1], "é", [2])],
  [5, packetOf(0xa2, id, section(...user), "a/+", "b")],
  [4, packetOf(0xa2, id, "a/+", "b")],
  [5, packetOf(0xe0, [4], section(0x11, 0, 0, 0, 1, 0x1f, ...text("words"), ...user))],
  [5, packetOf(0xf0, [0x18], section(0x15, ...text("m"), 0x16, 0, 2, 0, 1, 0x1f, ...text("w"), ...user))],
  [4, packetOf(0xc0)],
];

function mutate(packet: Uint8Array, random: Random): Uint8Array {
  const bytes = [...packet];
  const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0x26, 0x0b, 0x23, 0x2b, 0xc0, 0xed];
  for (let count = random.below(4); count >= 0; count--) {
    const at = random.below(bytes.length);
    const byte = random.chance(0.5) ? random.byte() : random.pick(interesting);
    const kind = random.below(5);
    if (kind === 0) bytes.splice(at, 1 + random.below(3));
    else if (kind === 1) bytes.splice(at, 0, byte);
    else if (kind === 2) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    else bytes[at] = byte;
    if (bytes.length === 0) bytes.push(byte);
  }
  // Mostly with a fitting remaining length: otherwise nothing behind it is ever looked at.
  if (random.chance(0.1)) return Uint8Array.from(bytes);
  const body = bytes.slice(1 + varint(packet.length - 2).length);
  return Uint8Array.from([bytes[0] ?? 0, ...varint(body.length), ...body]);
}

const types = new Set(
  "connect refusal failure publish puback pubrec pubrel pubcomp subscribe unsubscribe pingreq disconnect auth".split(
    " ",
  ),
);

test(`${rounds} mutations, seed ${seed}`, () => {
  const random = new Random(seed);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const [version, packet] = packets[round % packets.length] ?? [4, packetOf(0xc0)];
    const bytes = round < packets.length ? packet : mutate(packet, random);
    const decoder = new Decoder(version, { ...defaultContentRules, topicAliasMaximum: 4 });
    const isConnect = (bytes[0] ?? 0) >> 4 === 1;
    const result = isConnect
      ? decodeConnect(bytes, 0, bytes.length, defaultContentRules)
      : decoder.decode(bytes, 0, bytes.length);
    expect(types, `${version}: ${bytes}`).toContain(result.type);
    if (round < packets.length) expect(result.type, `${bytes}`).not.toMatch(/refusal|failure/);
    if ("rule" in result) expect(result.rule, `${version}: ${bytes}`).not.toBe("packet-library");
    outcomes.set(result.type, (outcomes.get(result.type) ?? 0) + 1);
  }
  expect(outcomes.size).toBe(types.size);
});
