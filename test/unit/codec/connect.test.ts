// CONNECT: what it becomes, and how each refusal is told to the client that sent it.

import { expect, test } from "vitest";
import { decodeConnect } from "../../../src/codec/decode-connect.ts";
import { defaultContentRules } from "../../../src/protocol/content-rules.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { clientBytes, packetOf, section, text } from "../../support/client-packets.ts";

const decode = (packet: Uint8Array) => decodeConnect(packet, 0, packet.length, defaultContentRules);
const bytes = (value: string) => new TextEncoder().encode(value);

/** Name, level, flags, keep-alive of 60 seconds, then the rest. */
function connect(name: string, level: number, flags: number, ...rest: Parameters<typeof packetOf>[1][]): Uint8Array {
  return packetOf(0x10, name, [level, flags, 0, 60], ...rest);
}

const defaults = {
  type: "connect",
  clientId: "c",
  keepAliveSeconds: 60,
  receiveMaximum: 65_535,
  maximumPacketBytes: 268_435_460,
  topicAliasMaximum: 0,
  requestResponseInformation: false,
  requestProblemInformation: true,
  userProperties: [],
};

test.each([
  ["MQTT 3.1", connect("MQIsdp", 3, 2, "c"), { version: 3, cleanStart: true, sessionExpirySeconds: 0 }],
  ["MQTT 3.1.1", connect("MQTT", 4, 2, "c"), { version: 4, cleanStart: true, sessionExpirySeconds: 0 }],
  ["a kept session", connect("MQTT", 4, 0, "c"), { version: 4, cleanStart: false, sessionExpirySeconds: 0xffff_ffff }],
  ["MQTT 5", connect("MQTT", 5, 0, section(), "c"), { version: 5, cleanStart: false, sessionExpirySeconds: 0 }],
])("%s", (_title, packet, expected) => {
  expect(decode(packet)).toEqual({ ...defaults, ...expected });
});

test("everything that MQTT 5 can say", () => {
  const properties = {
    sessionExpiryInterval: 0xffff_ffff,
    receiveMaximum: 7,
    maximumPacketSize: 1000,
    topicAliasMaximum: 3,
    requestResponseInformation: true,
    requestProblemInformation: false,
    authenticationMethod: "SCRAM",
    authenticationData: Buffer.of(0, 1),
  };
  const packet = clientBytes(
    {
      cmd: "connect",
      protocolVersion: 5,
      clientId: "é😀",
      clean: false,
      keepalive: 65_535,
      username: "ü",
      password: Buffer.of(0, 255),
      properties,
      will: {
        topic: "w/😀",
        payload: Buffer.from("gone"),
        qos: 2,
        retain: true,
        properties: { contentType: "t", willDelayInterval: 5, payloadFormatIndicator: true, messageExpiryInterval: 6 },
      },
    },
    5,
  );
  expect(decode(packet)).toEqual({
    type: "connect",
    version: 5,
    clientId: "é😀",
    cleanStart: false,
    keepAliveSeconds: 65_535,
    username: "ü",
    password: Uint8Array.of(0, 255),
    will: {
      topic: "w/😀",
      topicBytes: bytes("w/😀"),
      payload: bytes("gone"),
      qos: 2,
      retain: true,
      delaySeconds: 5,
      messageExpirySeconds: 6,
      properties: Uint8Array.of(3, ...text("t"), 1, 1),
    },
    sessionExpirySeconds: 0xffff_ffff,
    receiveMaximum: 7,
    maximumPacketBytes: 1000,
    topicAliasMaximum: 3,
    requestResponseInformation: true,
    requestProblemInformation: false,
    userProperties: [],
    authenticationMethod: "SCRAM",
    authenticationData: Uint8Array.of(0, 1),
  });
});

test("MQTT-3.1.3-10: user properties keep their order, empty values and odd names included", () => {
  const pairs = [
    ["b", "1"],
    ["a", ""],
    ["2", "x"],
    ["1", "y"],
    ["a", ""],
    ["a", "2"],
    ["__proto__", "z"],
  ] as const;
  const encoded = pairs.flatMap(([name, value]) => [0x26, ...text(name), ...text(value)]);
  expect(decode(connect("MQTT", 5, 2, section(...encoded), "c"))).toEqual({
    ...defaults,
    version: 5,
    cleanStart: true,
    sessionExpirySeconds: 0,
    userProperties: pairs,
  });
  const will = decode(connect("MQTT", 5, 6, section(), "c", section(...encoded), "w", ""));
  expect(will).toMatchObject({ will: { properties: Uint8Array.from(encoded) } });
});

test("MQTT 5 allows a password without a user name", () => {
  expect(decode(connect("MQTT", 5, 0x42, section(), "c", "secret"))).toMatchObject({ password: bytes("secret") });
});

test("MQTT-3.1.3-6: an empty client identifier is decoded as empty", () => {
  expect(decode(connect("MQTT", 5, 0, section(), ""))).toMatchObject({ type: "connect", clientId: "" });
  expect(decode(connect("MQTT", 4, 2, ""))).toMatchObject({ type: "connect", clientId: "" });
});

test("a long client identifier is accepted, in MQTT 3.1 too", () => {
  expect(decode(connect("MQIsdp", 3, 2, "x".repeat(1000)))).toMatchObject({ type: "connect", version: 3 });
});

test("nothing of the packet is kept by reference", () => {
  const packet = Buffer.from(connect("MQTT", 4, 0xc6, "c", "w", "payload", "user", "secret"));
  const result = decode(packet);
  packet.fill(0);
  expect(result).toMatchObject({
    password: bytes("secret"),
    will: { topicBytes: bytes("w"), payload: bytes("payload") },
  });
});

const three = (code: number) => Uint8Array.of(0x20, 2, 0, code);
const five = (reason: number) => Uint8Array.of(0x20, 3, 0, reason, 0);
const {
  malformedPacket,
  protocolError,
  quotaExceeded,
  unsupportedProtocolVersion,
  clientIdentifierNotValid,
  topicNameInvalid,
} = ReasonCode;

type Case = readonly [rule: string, title: string, packet: Uint8Array, reason: ReasonCode, connack?: Uint8Array];

const versions: readonly Case[] = [
  ["MQTT3-3.1.2-2", "MQTT 3", connect("MQTT", 3, 2, "c"), unsupportedProtocolVersion, three(1)],
  ["MQTT3-3.1.2-2", "MQIsdp 4", connect("MQIsdp", 4, 2, "c"), unsupportedProtocolVersion, three(1)],
  ["MQTT3-3.1.2-2", "MQTT 0", connect("MQTT", 0, 2, "c"), unsupportedProtocolVersion, three(1)],
  ["MQTT3-3.1.2-2", "a bridge's 0x84", connect("MQTT", 0x84, 2, "c"), unsupportedProtocolVersion, three(1)],
  ["MQTT-3.1.2-2", "MQTT 6", connect("MQTT", 6, 2, section(), "c"), unsupportedProtocolVersion, five(0x84)],
  ["MQTT-3.1.2-2", "MQIsdp 5", connect("MQIsdp", 5, 2, section(), "c"), unsupportedProtocolVersion, five(0x84)],
  ["MQTT3-3.1.2-1", "another name", connect("mqtt", 4, 2, "c"), unsupportedProtocolVersion, three(1)],
  ["MQTT-3.1.2-1", "another name", connect("MQTT\u0000", 5, 2, "c"), unsupportedProtocolVersion, five(0x84)],
  ["MQTT3-3.1.2-1", "a long name", connect("x".repeat(99), 4, 2, "c"), unsupportedProtocolVersion, three(1)],
];

const beforeTheVersion: readonly Case[] = [
  ["MQTT-3.1.0-1", "a PUBLISH", packetOf(0x30, "a"), protocolError],
  ["MQTT-3.1.0-1", "an HTTP request", bytes("GET / HTTP/1.1"), protocolError],
  ["packet-length", "an empty body", packetOf(0x10), malformedPacket],
  ["packet-length", "half a name", packetOf(0x10, [0, 4, 77]), malformedPacket],
  ["packet-length", "no level", packetOf(0x10, "MQTT"), malformedPacket],
  ["packet-length", "a wrong remaining length", Uint8Array.of(0x10, 50, 0, 4), malformedPacket],
];

/** User properties without a letter. */
const empty = (count: number) => Array.from({ length: count }, () => [0x26, 0, 0, 0, 0]).flat();
const willOf = (...properties: number[]) => connect("MQTT", 5, 6, section(), "c", section(...properties), "w", "");

const malformedIn5: readonly Case[] = [
  ["MQTT-2.1.3-1", "header flags", packetOf(0x11, "MQTT", [5, 2, 0, 60], section(), "c"), malformedPacket],
  ["MQTT-3.1.2-3", "reserved flag", connect("MQTT", 5, 3, section(), "c"), malformedPacket],
  ["MQTT-3.1.2-11", "will QoS without a will", connect("MQTT", 5, 0x08, section(), "c"), malformedPacket],
  ["MQTT-3.1.2-12", "will QoS 3", connect("MQTT", 5, 0x1c, section(), "c", section(), "w", ""), malformedPacket],
  ["MQTT-3.1.2-13", "will retain without a will", connect("MQTT", 5, 0x20, section(), "c"), malformedPacket],
  ["packet-length", "nothing behind the level", packetOf(0x10, "MQTT", [5]), malformedPacket],
  ["packet-length", "bytes behind", connect("MQTT", 5, 2, section(), "c", [0]), malformedPacket],
  ["packet-length", "no user name", connect("MQTT", 5, 0x82, section(), "c"), malformedPacket],
  ["packet-length", "no password", connect("MQTT", 5, 0xc2, section(), "c", "u"), malformedPacket],
  ["packet-length", "no will", connect("MQTT", 5, 6, section(), "c", section()), malformedPacket],
  ["MQTT-2.2.2-1", "no properties", connect("MQTT", 5, 2), malformedPacket],
  ["MQTT-1.5.4-1", "client identifier", connect("MQTT", 5, 2, section(), [0, 1, 0xff]), malformedPacket],
  ["MQTT-1.5.4-2", "user name", connect("MQTT", 5, 0x82, section(), "c", "\u0000"), malformedPacket],
  ["property-misplaced", "will delay outside", connect("MQTT", 5, 2, section(24, 0, 0, 0, 1), "c"), malformedPacket],
  ["property-misplaced", "session expiry in a will", willOf(17, 0, 0, 0, 1), malformedPacket],
  ["property-value", "receive maximum 0", connect("MQTT", 5, 2, section(0x21, 0, 0), "c"), protocolError],
  ["property-value", "maximum packet size 0", connect("MQTT", 5, 2, section(0x27, 0, 0, 0, 0), "c"), protocolError],
  ["property-value", "problem information 2", connect("MQTT", 5, 2, section(0x17, 2), "c"), protocolError],
  ["property-value", "response information 2", connect("MQTT", 5, 2, section(0x19, 2), "c"), protocolError],
  [
    "property-repeated",
    "two expiries",
    connect("MQTT", 5, 2, section(17, 0, 0, 0, 1, 17, 0, 0, 0, 1), "c"),
    protocolError,
  ],
  ["user-properties", "more than it reads", connect("MQTT", 5, 2, section(...empty(1_001)), "c"), quotaExceeded],
  ["user-properties", "more than it reads, of a will", willOf(...empty(1_001)), quotaExceeded],
  ["property-repeated", "two will delays", willOf(24, 0, 0, 0, 1, 24, 0, 0, 0, 1), protocolError],
  ["authentication-method", "data without a method", connect("MQTT", 5, 2, section(0x16, 0, 0), "c"), protocolError],
  ["MQTT-3.3.2-14", "wildcard in a will's response topic", willOf(8, ...text("+")), protocolError],
  ["MQTT-4.7.3-1", "empty will topic", connect("MQTT", 5, 6, section(), "c", section(), "", ""), topicNameInvalid],
  ["MQTT-4.7.0-1", "wildcard", connect("MQTT", 5, 6, section(), "c", section(), "a/#", ""), topicNameInvalid],
];

const formatOf5 = malformedIn5.map(
  ([rule, title, packet, reason]): Case => [rule, title, packet, reason, five(reason)],
);

const formatOf3: readonly Case[] = [
  ["MQTT3-2.2.2-2", "header flags", packetOf(0x12, "MQTT", [4, 2, 0, 60], "c"), malformedPacket],
  ["MQTT3-3.1.2-3", "reserved flag", connect("MQTT", 4, 3, "c"), malformedPacket],
  ["MQTT3-3.1.2-13", "will QoS without a will", connect("MQTT", 4, 0x0a, "c"), malformedPacket],
  ["MQTT3-3.1.2-14", "will QoS 3", connect("MQTT", 4, 0x1e, "c", "w", ""), malformedPacket],
  ["MQTT3-3.1.2-15", "will retain without a will", connect("MQTT", 4, 0x22, "c"), malformedPacket],
  ["MQTT3-3.1.2-22", "password without a user name", connect("MQTT", 4, 0x42, "c", "p"), malformedPacket],
  ["MQTT3-1.5.3-1", "client identifier", connect("MQTT", 4, 2, [0, 1, 0xff]), malformedPacket],
  ["MQTT3-1.5.3-2", "will topic", connect("MQTT", 4, 6, "c", "\u0000", ""), malformedPacket],
  ["MQTT3-4.7.1-1", "wildcard in the will topic", connect("MQTT", 4, 6, "c", "+", ""), topicNameInvalid],
  ["packet-length", "bytes behind", connect("MQTT", 4, 2, "c", [0]), malformedPacket],
  ["packet-length", "no client identifier", connect("MQTT", 4, 2), malformedPacket],
  [
    "MQTT3-3.1.3-8",
    "empty client identifier, kept session",
    connect("MQTT", 4, 0, ""),
    clientIdentifierNotValid,
    three(2),
  ],
  ["client-identifier", "empty, in MQTT 3.1", connect("MQIsdp", 3, 2, ""), clientIdentifierNotValid, three(2)],
];

const refusals = [...versions, ...beforeTheVersion, ...formatOf5, ...formatOf3].map(
  ([rule, title, packet, reason, connack]) => [rule, title, packet, reason, connack] as const,
);

test.each(refusals)("%s: %s", (rule, _title, packet, reason, connack) => {
  const result = decode(packet);
  expect(result).toMatchObject({ type: "refusal", rule, reason });
  // [MQTT3-3.1.4-1] a breach of the format is not answered in 3.x.
  expect(result.type === "refusal" ? result.connack : undefined).toEqual(connack);
});
