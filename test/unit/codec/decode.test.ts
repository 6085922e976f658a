// What a connected client may send, written by mqtt-packet, and the value it becomes.

import type { Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { Decoder, walkPackets } from "../../../src/codec/decode.ts";
import { defaultContentRules } from "../../../src/protocol/content-rules.ts";
import type { ClientPacket, Publish } from "../../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { clientBytes, packetOf, section, text } from "../../support/client-packets.ts";

const versions: readonly ProtocolVersion[] = [3, 4, 5];

function decode(bytes: Uint8Array, version: ProtocolVersion) {
  return new Decoder(version, { ...defaultContentRules, topicAliasMaximum: 10 }).decode(bytes, 0, bytes.length);
}

function decodePublish(bytes: Uint8Array, version: ProtocolVersion): Publish {
  const packet = decode(bytes, version);
  if (packet.type !== "publish") throw new Error(JSON.stringify(packet));
  return packet;
}

const bytes = (value: string) => new TextEncoder().encode(value);

const common: readonly [title: string, packet: Packet, expected: Partial<ClientPacket>][] = [
  [
    "QoS 0",
    { cmd: "publish", topic: "a/b", payload: Buffer.from("x"), qos: 0, dup: false, retain: false },
    {
      type: "publish",
      topic: "a/b",
      topicBytes: bytes("a/b"),
      payload: bytes("x"),
      qos: 0,
      packetId: 0,
      topicAlias: 0,
    },
  ],
  [
    "QoS 1, DUP, retained, empty",
    { cmd: "publish", topic: "é😀", payload: Buffer.alloc(0), qos: 1, dup: true, retain: true, messageId: 65_535 },
    { type: "publish", topic: "é😀", topicBytes: bytes("é😀"), qos: 1, dup: true, retain: true, packetId: 65_535 },
  ],
  [
    "QoS 2 of 20,000 bytes",
    { cmd: "publish", topic: "/", payload: Buffer.alloc(20_000, 7), qos: 2, dup: false, retain: false, messageId: 256 },
    { type: "publish", topic: "/", payload: new Uint8Array(20_000).fill(7), qos: 2, packetId: 256 },
  ],
  ["PUBACK", { cmd: "puback", messageId: 513, reasonCode: 0 }, { type: "puback", packetId: 513, reason: 0 }],
  ["PUBREC", { cmd: "pubrec", messageId: 1, reasonCode: 0 }, { type: "pubrec", packetId: 1, reason: 0 }],
  ["PUBREL", { cmd: "pubrel", messageId: 1, reasonCode: 0 }, { type: "pubrel", packetId: 1, reason: 0 }],
  ["PUBCOMP", { cmd: "pubcomp", messageId: 1, reasonCode: 0 }, { type: "pubcomp", packetId: 1, reason: 0 }],
  [
    "SUBSCRIBE",
    {
      cmd: "subscribe",
      messageId: 9,
      subscriptions: [
        { topic: "a/+", qos: 1 },
        { topic: "$share/g/#", qos: 2 },
      ],
    },
    {
      type: "subscribe",
      packetId: 9,
      subscriptions: [
        { filter: "a/+", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        { filter: "$share/g/#", qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    },
  ],
  [
    "UNSUBSCRIBE",
    { cmd: "unsubscribe", messageId: 9, unsubscriptions: ["a/+", "ü"] },
    { type: "unsubscribe", packetId: 9, filters: ["a/+", "ü"] },
  ],
  ["PINGREQ", { cmd: "pingreq" }, { type: "pingreq" }],
];

test.each(versions.flatMap((version) => common.map((row) => [version, ...row] as const)))(
  "version %i: %s",
  (version, _title, packet, expected) => {
    expect(decode(clientBytes(packet, version), version)).toMatchObject(expected);
  },
);

test("MQTT3-3.14.1-1: DISCONNECT before MQTT 5 is empty", () => {
  expect(decode(Uint8Array.of(0xe0, 0), 4)).toEqual({ type: "disconnect", reason: 0 });
});

test.each([
  ["without a body", packetOf(0xe0), { reason: 0 }],
  ["with a reason only", packetOf(0xe0, [4]), { reason: 4 }],
  ["with a session expiry", packetOf(0xe0, [0], section(0x11, 0, 0, 1, 0)), { reason: 0, sessionExpirySeconds: 256 }],
])("DISCONNECT %s", (_title, packet, expected) => {
  expect(decode(packet, 5)).toEqual({ type: "disconnect", ...expected });
});

test("AUTH", () => {
  const packet = packetOf(0xf0, [0x18], section(0x15, ...text("SCRAM"), 0x16, ...text(Uint8Array.of(0, 255))));
  expect(decode(packet, 5)).toEqual({ type: "auth", reason: 0x18, method: "SCRAM", data: Uint8Array.of(0, 255) });
});

test("acknowledgements with reasons and properties", () => {
  expect(decode(packetOf(0x50, [0, 7, 0x97]), 5)).toEqual({ type: "pubrec", packetId: 7, reason: 0x97 });
  const withWords = packetOf(0x62, [0, 7, 0x92], section(0x1f, ...text("why"), 0x26, ...text("a"), ...text("b")));
  expect(decode(withWords, 5)).toEqual({ type: "pubrel", packetId: 7, reason: 0x92 });
});

test("subscription options of MQTT 5", () => {
  const packet = packetOf(0x82, [0, 7], section(0x0b, 0xff, 0xff, 0xff, 0x7f), "a", [0x2e], "b", [0x11]);
  expect(decode(packet, 5)).toEqual({
    type: "subscribe",
    packetId: 7,
    identifier: 268_435_455,
    subscriptions: [
      { filter: "a", qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
      { filter: "b", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 1 },
    ],
  });
});

test("MQTT 3.1: DUP on PUBREL, SUBSCRIBE and UNSUBSCRIBE is no fault", () => {
  expect(decode(packetOf(0x6a, [0, 7]), 3)).toMatchObject({ type: "pubrel" });
  expect(decode(packetOf(0x8a, [0, 7], "a", [1]), 3)).toMatchObject({ type: "subscribe", packetId: 7 });
  expect(decode(packetOf(0xaa, [0, 7], "a"), 3)).toMatchObject({ type: "unsubscribe", filters: ["a"] });
});

const format = [1, 1];
const expiry = [2, 0, 0, 1, 0];
const contentType = [3, ...text("t")];
const response = [8, ...text("r/s")];
const correlation = [9, ...text(Uint8Array.of(0, 1))];
const alias = [0x23, 0, 5];
const user = [0x26, ...text("k"), ...text("v"), 0x26, ...text("k"), ...text("")];

test.each([
  ["nothing to forward", [alias, expiry], []],
  [
    "everything to forward",
    [format, contentType, response, correlation, user],
    [format, contentType, response, correlation, user],
  ],
  ["something in front", [expiry, user], [user]],
  ["something behind", [user, alias], [user]],
  ["something between", [format, alias, user], [format, user]],
  ["something between twice", [user, alias, format, expiry, response], [user, format, response]],
])("MQTT-3.3.2-17, MQTT-3.3.2-18: forwarded properties: %s", (_title, sent, kept) => {
  const publish = decodePublish(packetOf(0x30, "a", section(...sent.flat()), [9]), 5);
  expect(publish.properties).toEqual(Uint8Array.from(kept.flat()));
  expect(publish.payload).toEqual(Uint8Array.of(9));
  expect(publish.topicAlias).toBe(sent.includes(alias) ? 5 : 0);
  expect(publish.messageExpirySeconds).toBe(sent.includes(expiry) ? 256 : undefined);
});

test("an alias alone", () => {
  expect(decodePublish(packetOf(0x30, "", section(...alias)), 5)).toMatchObject({ topic: "", topicAlias: 5 });
});

test("an alias with a topic, then the alias alone, then the topic: each says what it said", () => {
  const decoder = new Decoder(5, { ...defaultContentRules, topicAliasMaximum: 5 });
  const packets = [
    packetOf(0x30, "a", section(...alias)),
    packetOf(0x30, "", section(...alias)),
    packetOf(0x30, "a", [0]),
  ];
  expect(packets.map((packet) => decoder.decode(packet, 0, packet.length))).toMatchObject([
    { topic: "a", topicAlias: 5 },
    { topic: "", topicBytes: new Uint8Array(0), topicAlias: 5 },
    { topic: "a", topicBytes: bytes("a"), topicAlias: 0 },
  ]);
});

test("MQTT-1.5.4-3: a byte-order mark stays", () => {
  expect(decodePublish(packetOf(0x30, "\ufeffa"), 4).topic).toBe("\ufeffa");
});

test.each([["Uint8Array", (b: Uint8Array) => b] as const, ["Buffer", (b: Uint8Array) => Buffer.from(b)] as const])(
  "the topic outlives its frame (%s); consecutive ones share it",
  (_title, toFrame) => {
    const decoder = new Decoder(4, { ...defaultContentRules, topicAliasMaximum: 0 });
    const frame = toFrame(packetOf(0x30, "a/b", [1]));
    const first = decoder.decode(frame, 0, frame.length) as Publish;
    const next = toFrame(packetOf(0x30, "a/b", [2]));
    const second = decoder.decode(next, 0, next.length) as Publish;
    frame.fill(0);
    expect(first.topicBytes).toEqual(bytes("a/b"));
    expect(second.topicBytes).toBe(first.topicBytes);
  },
);

test("MQTT-6.0.0-2: a frame of several packets", () => {
  const packets = [packetOf(0x30, "a"), packetOf(0xc0), packetOf(0x40, [0, 1])];
  const frame = Uint8Array.from(packets.flatMap((packet) => [...packet]));
  const decoder = new Decoder(4, { ...defaultContentRules, topicAliasMaximum: 0 });
  const types: string[] = [];
  expect(walkPackets(frame, (all, start, end) => types.push(decoder.decode(all, start, end).type))).toBeUndefined();
  expect(types).toEqual(["publish", "pingreq", "puback"]);
  expect(walkPackets(frame.subarray(0, -1), () => {})).toMatchObject({ type: "failure", rule: "packet-length" });
});
