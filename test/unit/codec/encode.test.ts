// What a client receives, byte for byte as mqtt-packet writes it where there is only one way to write it.

import { generate, type Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { encodedPublishBytes, encodePackets } from "../../../src/codec/encode.ts";
import type { OutPublish, ServerPacket } from "../../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { packetOf, section, text } from "../../support/client-packets.ts";

const bytes = (value: string) => new TextEncoder().encode(value);
const library = (packet: Packet, version: ProtocolVersion) =>
  new Uint8Array(generate(packet, { protocolVersion: version }));
const versions: readonly ProtocolVersion[] = [3, 4, 5];

const plain: OutPublish = {
  type: "publish",
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  topicBytes: bytes("a/é"),
  topicAlias: 0,
  subscriptionIds: [],
  properties: new Uint8Array(0),
  payload: bytes("x"),
};

const publishes: readonly [title: string, packet: OutPublish, same: Packet][] = [
  ["QoS 0", plain, { cmd: "publish", topic: "a/é", payload: "x", qos: 0, dup: false, retain: false }],
  [
    "QoS 1, DUP, retained",
    { ...plain, qos: 1, dup: true, retain: true, packetId: 65_535 },
    { cmd: "publish", topic: "a/é", payload: "x", qos: 1, dup: true, retain: true, messageId: 65_535 },
  ],
  [
    "QoS 2 of 20,000 bytes",
    { ...plain, qos: 2, packetId: 1, payload: new Uint8Array(20_000) },
    { cmd: "publish", topic: "a/é", payload: Buffer.alloc(20_000), qos: 2, dup: false, retain: false, messageId: 1 },
  ],
];

test.each(versions.flatMap((version) => publishes.map((row) => [version, ...row] as const)))(
  "version %i: PUBLISH %s",
  (version, _title, packet, same) => {
    const frame = encodePackets([packet], version);
    expect(frame).toEqual(library(same, version));
    expect(encodedPublishBytes(packet, version)).toBe(frame.length);
  },
);

const forwarded = Uint8Array.of(0x26, ...text("k"), ...text("v"));
const rich: OutPublish = {
  ...plain,
  topicAlias: 258,
  messageExpirySeconds: 0xffff_fffe,
  subscriptionIds: [1, 268_435_455],
  properties: forwarded,
};

test("MQTT-3.3.4-3, MQTT-3.3.2-17: alias, expiry and identifiers stand in front of what is forwarded", () => {
  const own = [0x23, 1, 2, 2, 0xff, 0xff, 0xff, 0xfe, 0x0b, 1, 0x0b, 0xff, 0xff, 0xff, 0x7f];
  expect(encodePackets([rich], 5)).toEqual(packetOf(0x30, "a/é", section(...own, ...forwarded), bytes("x")));
  expect(encodedPublishBytes(rich, 5)).toBe(encodePackets([rich], 5).length);
});

test("properties are for MQTT 5 only", () => {
  expect(encodePackets([rich], 4)).toEqual(encodePackets([plain], 4));
});

test("an alias may stand for the topic", () => {
  const packet = { ...plain, topicAlias: 1, topicBytes: new Uint8Array(0) };
  expect(encodePackets([packet], 5)).toEqual(packetOf(0x30, "", section(0x23, 0, 1), bytes("x")));
});

test("a PUBLISH that no packet can hold is our mistake", () => {
  const payload = { length: 268_435_455 } as Uint8Array;
  expect(() => encodedPublishBytes({ ...plain, payload }, 4)).toThrow(RangeError);
});

const acks: readonly [packet: ServerPacket, five: Uint8Array, three: Uint8Array][] = [
  [{ type: "puback", packetId: 258, reason: 0 }, packetOf(0x40, [1, 2]), packetOf(0x40, [1, 2])],
  [{ type: "pubrec", packetId: 258, reason: 0x97 }, packetOf(0x50, [1, 2, 0x97, 0]), packetOf(0x50, [1, 2])],
  [{ type: "pubrel", packetId: 258, reason: 0x92 }, packetOf(0x62, [1, 2, 0x92, 0]), packetOf(0x62, [1, 2])],
  [{ type: "pubcomp", packetId: 258, reason: 0 }, packetOf(0x70, [1, 2]), packetOf(0x70, [1, 2])],
  [
    { type: "puback", packetId: 258, reason: 0x87, reasonString: "é" },
    packetOf(0x40, [1, 2, 0x87], section(0x1f, ...text("é"))),
    packetOf(0x40, [1, 2]),
  ],
];

test.each(acks)("%o", (packet, five, three) => {
  expect(encodePackets([packet], 5)).toEqual(five);
  expect(encodePackets([packet], 4)).toEqual(three);
});

const others: readonly [packet: ServerPacket, five: Uint8Array, three: Uint8Array][] = [
  [{ type: "pingresp" }, packetOf(0xd0), packetOf(0xd0)],
  [
    { type: "suback", packetId: 7, reasons: [0, 1, 2, 0x87, 0x9e] },
    packetOf(0x90, [0, 7], section(), [0, 1, 2, 0x87, 0x9e]),
    packetOf(0x90, [0, 7, 0, 1, 2, 0x80, 0x80]),
  ],
  [
    { type: "unsuback", packetId: 7, reasons: [0, 0x11] },
    packetOf(0xb0, [0, 7], section(), [0, 0x11]),
    packetOf(0xb0, [0, 7]),
  ],
  [
    { type: "disconnect", reason: 0x8e, reasonString: "other", serverReference: "b" },
    packetOf(0xe0, [0x8e], section(0x1f, ...text("other"), 0x1c, ...text("b"))),
    new Uint8Array(0),
  ],
  [{ type: "disconnect", reason: 0x8b }, packetOf(0xe0, [0x8b], section()), new Uint8Array(0)],
  [
    { type: "auth", reason: 0x18, method: "m", data: Uint8Array.of(0, 255) },
    packetOf(0xf0, [0x18], section(0x15, ...text("m"), 0x16, 0, 2, 0, 255)),
    new Uint8Array(0),
  ],
  [
    { type: "connack", reason: 0, sessionPresent: true, properties: {} },
    packetOf(0x20, [1, 0], section()),
    packetOf(0x20, [1, 0]),
  ],
  [
    { type: "connack", reason: 0x87, sessionPresent: true, properties: {} },
    packetOf(0x20, [0, 0x87], section()),
    packetOf(0x20, [0, 5]),
  ],
  [
    { type: "connack", reason: 0x95, sessionPresent: false, properties: {} },
    packetOf(0x20, [0, 0x95], section()),
    new Uint8Array(0),
  ],
];

test.each(others)("%o", (packet, five, three) => {
  expect(encodePackets([packet], 5)).toEqual(five);
  expect(encodePackets([packet], 4)).toEqual(three);
});

test("MQTT 3.1 knows no session present flag", () => {
  const connack: ServerPacket = { type: "connack", reason: 0, sessionPresent: true, properties: {} };
  expect(encodePackets([connack], 3)).toEqual(packetOf(0x20, [0, 0]));
});

test("everything a CONNACK can say", () => {
  const userProperties = [
    ["b", "1"],
    ["1", ""],
    ["a", "é"],
    ["b", ""],
    ["__proto__", "z"],
  ] as const;
  const connack: ServerPacket = {
    type: "connack",
    reason: 0,
    sessionPresent: false,
    properties: {
      sessionExpirySeconds: 0xffff_ffff,
      receiveMaximum: 1,
      maximumQos: 0,
      retainAvailable: false,
      maximumPacketBytes: 65_536,
      assignedClientId: "é",
      topicAliasMaximum: 2,
      reasonString: "r",
      userProperties,
      wildcardAvailable: true,
      subscriptionIdsAvailable: false,
      sharedAvailable: true,
      serverKeepAliveSeconds: 300,
      responseInformation: "i",
      serverReference: "s",
      authenticationMethod: "m",
      authenticationData: Uint8Array.of(9),
    },
  };
  const properties = [
    [0x11, 255, 255, 255, 255],
    [0x21, 0, 1],
    [0x24, 0],
    [0x25, 0],
    [0x27, 0, 1, 0, 0],
    [0x12, ...text("é")],
    [0x22, 0, 2],
    [0x1f, ...text("r")],
    ...userProperties.map(([name, value]) => [0x26, ...text(name), ...text(value)]),
    [0x28, 1],
    [0x29, 0],
    [0x2a, 1],
    [0x13, 1, 44],
    [0x1a, ...text("i")],
    [0x1c, ...text("s")],
    [0x15, ...text("m")],
    [0x16, 0, 1, 9],
  ];
  expect(encodePackets([connack], 5)).toEqual(packetOf(0x20, [0, 0], section(...properties.flat())));
});

const words = "w".repeat(50);
const wordy: readonly [rule: string, packet: ServerPacket, without: ServerPacket][] = [
  [
    "MQTT-3.2.2-19, MQTT-3.2.2-20",
    {
      type: "connack",
      reason: 0x97,
      sessionPresent: false,
      properties: { reasonString: words, userProperties: [["a", "b"]] },
    },
    { type: "connack", reason: 0x97, sessionPresent: false, properties: {} },
  ],
  [
    "MQTT-3.1.2-24",
    {
      type: "connack",
      reason: 0,
      sessionPresent: true,
      properties: { topicAliasMaximum: 9, responseInformation: words.slice(20), serverReference: words.slice(20) },
    },
    { type: "connack", reason: 0, sessionPresent: true, properties: { topicAliasMaximum: 9 } },
  ],
  [
    "MQTT-3.4.2-2",
    { type: "puback", packetId: 1, reason: 0x97, reasonString: words },
    { type: "puback", packetId: 1, reason: 0x97 },
  ],
  [
    "MQTT-3.5.2-2",
    { type: "pubrec", packetId: 1, reason: 0x97, reasonString: words },
    { type: "pubrec", packetId: 1, reason: 0x97 },
  ],
  [
    "MQTT-3.6.2-2",
    { type: "pubrel", packetId: 1, reason: 0x92, reasonString: words },
    { type: "pubrel", packetId: 1, reason: 0x92 },
  ],
  [
    "MQTT-3.7.2-2",
    { type: "pubcomp", packetId: 1, reason: 0x92, reasonString: words },
    { type: "pubcomp", packetId: 1, reason: 0x92 },
  ],
  ["MQTT-3.14.2-3", { type: "disconnect", reason: 0x97, reasonString: words }, { type: "disconnect", reason: 0x97 }],
];

test.each(wordy)("%s: words that do not fit are left out", (_rule, packet, without) => {
  expect(encodePackets([packet], 5, 30)).toEqual(encodePackets([without], 5));
  expect(encodePackets([packet], 5, 100).length).toBeGreaterThan(50);
});

test("many packets become one frame, in order", () => {
  const packets = [rich, ...acks.map(([packet]) => packet), ...others.map(([packet]) => packet), plain];
  const expected = packets.flatMap((packet) => [...encodePackets([packet], 5)]);
  expect(encodePackets(packets, 5)).toEqual(Uint8Array.from(expected));
  expect(encodePackets([], 5)).toEqual(new Uint8Array(0));
});
