// What a connected client must not send: the bytes, and the reason and rule they are refused with.

import { expect, test } from "vitest";
import { Decoder } from "../../../src/codec/decode.ts";
import { defaultContentRules } from "../../../src/protocol/content-rules.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { packetOf, section, text } from "../../support/client-packets.ts";

const { malformedPacket, protocolError, quotaExceeded, topicAliasInvalid, topicNameInvalid } = ReasonCode;

type Case = readonly [rule: string, title: string, version: ProtocolVersion, packet: Uint8Array, reason: ReasonCode];

const id = [0, 7];
const none = section();
const badUtf8 = (bytes: readonly number[]) => [0, bytes.length, ...bytes];
/** PUBLISH of QoS 0 to "a" with these properties. */
const publish5 = (...properties: readonly number[]) => packetOf(0x30, "a", section(...properties), [1, 2]);
const subscribe5 = (...rest: Parameters<typeof packetOf>[1][]) => packetOf(0x82, id, none, ...rest);

const publishes: readonly Case[] = [
  ["MQTT-3.3.1-4", "QoS 3", 5, packetOf(0x36, "a", id, none), malformedPacket],
  ["MQTT3-3.3.1-4", "QoS 3", 4, packetOf(0x36, "a", id), malformedPacket],
  ["MQTT-3.3.1-2", "DUP at QoS 0", 5, packetOf(0x38, "a", none), malformedPacket],
  ["MQTT3-3.3.1-2", "DUP at QoS 0", 4, packetOf(0x38, "a"), malformedPacket],
  ["MQTT-2.2.1-3", "packet identifier 0", 5, packetOf(0x32, "a", [0, 0], none), protocolError],
  ["MQTT3-2.3.1-1", "packet identifier 0", 4, packetOf(0x32, "a", [0, 0]), protocolError],
  ["packet-length", "no topic", 4, packetOf(0x30), malformedPacket],
  ["packet-length", "half a topic", 4, packetOf(0x30, [0, 2, 97]), malformedPacket],
  ["packet-length", "no packet identifier", 4, packetOf(0x32, "a", [0]), malformedPacket],
  ["MQTT-2.2.2-1", "no properties", 5, packetOf(0x30, "a"), malformedPacket],
  ["MQTT-3.3.2-2", "+ in the topic", 5, packetOf(0x30, "a/+", none), topicNameInvalid],
  ["MQTT3-3.3.2-2", "# in the topic", 4, packetOf(0x30, "#"), topicNameInvalid],
  ["MQTT-4.7.3-1", "empty topic without an alias", 5, packetOf(0x30, "", none), protocolError],
  ["MQTT3-4.7.3-1", "empty topic", 4, packetOf(0x30, ""), protocolError],
  ["MQTT-1.5.4-2", "U+0000 in the topic", 5, packetOf(0x30, "a\u0000", none), malformedPacket],
  ["MQTT3-1.5.3-2", "U+0000 in the topic", 4, packetOf(0x30, "a\u0000"), malformedPacket],
  ["MQTT-1.5.4-1", "a surrogate", 5, packetOf(0x30, badUtf8([0xed, 0xa0, 0x80]), none), malformedPacket],
  ["MQTT3-1.5.3-1", "an overlong slash", 4, packetOf(0x30, badUtf8([0xc0, 0xaf])), malformedPacket],
  ["MQTT3-1.5.3-1", "a lonely continuation", 3, packetOf(0x30, badUtf8([0x80])), malformedPacket],
];

const properties: readonly Case[] = [
  ["property-unknown", "identifier 0", 5, publish5(0x00), malformedPacket],
  ["property-unknown", "identifier 4", 5, publish5(0x04, 0), malformedPacket],
  ["property-unknown", "identifier 0x2B", 5, publish5(0x2b, 0), malformedPacket],
  ["property-unknown", "identifier 0x80", 5, publish5(0x80, 0x01, 0), malformedPacket],
  ["property-misplaced", "session expiry", 5, publish5(0x11, 0, 0, 0, 1), malformedPacket],
  ["property-repeated", "message expiry twice", 5, publish5(2, 0, 0, 0, 1, 2, 0, 0, 0, 1), protocolError],
  ["property-repeated", "topic alias twice", 5, publish5(0x23, 0, 1, 0x23, 0, 1), protocolError],
  ["property-value", "payload format 2", 5, publish5(1, 2), protocolError],
  ["MQTT-3.3.2-8", "topic alias 0", 5, publish5(0x23, 0, 0), topicAliasInvalid],
  ["MQTT-3.3.2-9", "topic alias above the maximum", 5, publish5(0x23, 0, 11), topicAliasInvalid],
  ["MQTT-3.3.2-14", "wildcard in the response topic", 5, publish5(8, ...text("a/#")), protocolError],
  ["MQTT-3.3.4-6", "subscription identifier", 5, publish5(0x0b, 1), protocolError],
  ["MQTT-1.5.4-1", "content type is not UTF-8", 5, publish5(3, ...badUtf8([0xff])), malformedPacket],
  ["MQTT-1.5.4-2", "content type contains U+0000", 5, publish5(3, ...text("\u0000")), malformedPacket],
  ["MQTT-1.5.7-1", "name of a pair", 5, publish5(0x26, ...badUtf8([0xc1, 0xbf]), ...text("")), malformedPacket],
  ["MQTT-1.5.7-1", "value of a pair", 5, publish5(0x26, ...text(""), ...text("\u0000")), malformedPacket],
  ["packet-length", "half a pair", 5, publish5(0x26, ...text("name")), malformedPacket],
  ["packet-length", "half a number", 5, publish5(2, 0, 0, 0), malformedPacket],
  ["packet-length", "half a string", 5, publish5(3, 0, 2, 97), malformedPacket],
  ["packet-length", "half a string's length", 5, publish5(3, 0), malformedPacket],
  ["packet-length", "section longer than the packet", 5, packetOf(0x30, "a", [3, 1, 1]), malformedPacket],
  ["MQTT-1.5.5-1", "section length in two bytes", 5, packetOf(0x30, "a", [0x80, 0x00]), malformedPacket],
  ["MQTT-1.5.5-1", "section length in five bytes", 5, packetOf(0x30, "a", [255, 255, 255, 255, 1]), malformedPacket],
];

const acks: readonly Case[] = [
  ["MQTT-2.1.3-1", "PUBACK with flags", 5, packetOf(0x41, id), malformedPacket],
  ["MQTT3-2.2.2-2", "PUBREC with flags", 4, packetOf(0x52, id), malformedPacket],
  ["MQTT-3.6.1-1", "PUBREL without flags", 5, packetOf(0x60, id), malformedPacket],
  ["MQTT3-3.6.1-1", "PUBREL with DUP", 4, packetOf(0x6a, id), malformedPacket],
  ["packet-length", "PUBACK of one byte", 5, packetOf(0x40, [7]), malformedPacket],
  ["packet-length", "PUBACK with a reason", 4, packetOf(0x40, id, [0]), malformedPacket],
  ["packet-length", "PUBACK with bytes behind", 5, packetOf(0x40, id, [0], none, [0]), malformedPacket],
  ["MQTT-2.2.1-5", "PUBCOMP of 0", 5, packetOf(0x70, [0, 0]), protocolError],
  ["MQTT3-2.3.1-6", "PUBCOMP of 0", 4, packetOf(0x70, [0, 0]), protocolError],
  ["MQTT-3.4.2-1", "PUBACK with reason 0x92", 5, packetOf(0x40, id, [0x92]), protocolError],
  ["MQTT-3.5.2-1", "PUBREC with reason 1", 5, packetOf(0x50, id, [1]), protocolError],
  ["MQTT-3.6.2-1", "PUBREL with reason 0x10", 5, packetOf(0x62, id, [0x10]), protocolError],
  ["MQTT-3.7.2-1", "PUBCOMP with reason 0x80", 5, packetOf(0x70, id, [0x80]), protocolError],
  ["property-misplaced", "PUBACK with content type", 5, packetOf(0x40, id, [0], section(3, 0, 0)), malformedPacket],
];

const requests: readonly Case[] = [
  ["MQTT-3.8.1-1", "SUBSCRIBE without flags", 5, packetOf(0x80, id, none, "a", [0]), malformedPacket],
  ["MQTT3-3.8.1-1", "SUBSCRIBE with DUP", 4, packetOf(0x8a, id, "a", [0]), malformedPacket],
  ["MQTT-3.8.3-2", "SUBSCRIBE without filters", 5, packetOf(0x82, id, none), protocolError],
  ["MQTT3-3.8.3-3", "SUBSCRIBE without filters", 4, packetOf(0x82, id), protocolError],
  ["MQTT-2.2.1-3", "SUBSCRIBE 0", 5, packetOf(0x82, [0, 0], none, "a", [0]), protocolError],
  ["MQTT3-2.3.1-1", "SUBSCRIBE 0", 4, packetOf(0x82, [0, 0], "a", [0]), protocolError],
  ["MQTT-3.8.3-5", "reserved options", 5, subscribe5("a", [0x40]), malformedPacket],
  ["MQTT-3.8.3-5", "QoS 3", 5, subscribe5("a", [0x03]), protocolError],
  ["MQTT3-3.8.3-4", "QoS 3", 4, packetOf(0x82, id, "a", [0x03]), protocolError],
  ["MQTT3-3.8.3-4", "reserved options", 4, packetOf(0x82, id, "a", [0x04]), malformedPacket],
  ["retain-handling", "retain handling 3", 5, subscribe5("a", [0x30]), protocolError],
  ["MQTT-3.8.3-4", "no local on a shared filter", 5, subscribe5("$share/g/a", [0x04]), protocolError],
  ["property-value", "subscription identifier 0", 5, packetOf(0x82, id, section(0x0b, 0), "a", [0]), protocolError],
  ["property-repeated", "two identifiers", 5, packetOf(0x82, id, section(11, 1, 11, 2), "a", [0]), protocolError],
  [
    "MQTT-1.5.5-1",
    "identifier of five bytes",
    5,
    packetOf(0x82, id, section(11, 255, 255, 255, 255, 1), "a", [0]),
    malformedPacket,
  ],
  ["packet-length", "a filter without options", 5, subscribe5("a", [0], "b"), malformedPacket],
  ["packet-length", "half a filter", 4, packetOf(0x82, id, [0, 5, 97]), malformedPacket],
  [
    "MQTT-1.5.4-1",
    "a filter that is not UTF-8",
    5,
    subscribe5(badUtf8([0xf4, 0x90, 0x80, 0x80]), [0]),
    malformedPacket,
  ],
  ["MQTT3-1.5.3-2", "a filter with U+0000", 4, packetOf(0x82, id, "a\u0000", [0]), malformedPacket],
  ["MQTT-3.10.1-1", "UNSUBSCRIBE without flags", 5, packetOf(0xa0, id, none, "a"), malformedPacket],
  ["MQTT3-3.10.1-1", "UNSUBSCRIBE without flags", 4, packetOf(0xa0, id, "a"), malformedPacket],
  ["MQTT-3.10.3-2", "UNSUBSCRIBE without filters", 5, packetOf(0xa2, id, none), protocolError],
  ["MQTT3-3.10.3-2", "UNSUBSCRIBE without filters", 4, packetOf(0xa2, id), protocolError],
  [
    "property-misplaced",
    "UNSUBSCRIBE with an identifier",
    5,
    packetOf(0xa2, id, section(0x0b, 1), "a"),
    malformedPacket,
  ],
  ["packet-length", "UNSUBSCRIBE with half a filter", 4, packetOf(0xa2, id, "a", [0]), malformedPacket],
];

/** Each of the packets that are read whole. */
const manyProperties = section(...Array.from({ length: 1_001 }, () => [0x26, 0, 0, 0, 0]).flat());
const wordy: readonly Case[] = [
  ["user-properties", "SUBSCRIBE with 1,001", 5, packetOf(0x82, id, manyProperties, "a", [0]), quotaExceeded],
  ["user-properties", "UNSUBSCRIBE with 1,001", 5, packetOf(0xa2, id, manyProperties, "a"), quotaExceeded],
  ["user-properties", "PUBACK with 1,001", 5, packetOf(0x40, id, [0], manyProperties), quotaExceeded],
  ["user-properties", "DISCONNECT with 1,001", 5, packetOf(0xe0, [0], manyProperties), quotaExceeded],
  ["user-properties", "AUTH with 1,001", 5, packetOf(0xf0, [0x18], manyProperties), quotaExceeded],
];

test("a PUBLISH has as many user properties as it likes: they are passed on as bytes", () => {
  const decoder = new Decoder(5, { ...defaultContentRules, topicAliasMaximum: 10 });
  const packet = packetOf(0x30, "a", manyProperties);
  expect(decoder.decode(packet, 0, packet.length)).toMatchObject({ properties: { length: 5_005 } });
});

const others: readonly Case[] = [
  ["MQTT-2.1.3-1", "PINGREQ with flags", 5, packetOf(0xc1), malformedPacket],
  ["packet-length", "PINGREQ with a body", 4, packetOf(0xc0, [0]), malformedPacket],
  ["MQTT-3.14.1-1", "DISCONNECT with flags", 5, packetOf(0xe1), malformedPacket],
  ["MQTT3-3.14.1-1", "DISCONNECT with flags", 4, packetOf(0xe2), malformedPacket],
  ["packet-length", "DISCONNECT with a body", 4, packetOf(0xe0, [0]), malformedPacket],
  ["MQTT-3.14.2-1", "DISCONNECT with a server's reason", 5, packetOf(0xe0, [0x8e]), protocolError],
  ["packet-length", "DISCONNECT with bytes behind", 5, packetOf(0xe0, [0], none, [0]), malformedPacket],
  [
    "property-repeated",
    "DISCONNECT, two expiries",
    5,
    packetOf(0xe0, [0], section(17, 0, 0, 0, 1, 17, 0, 0, 0, 1)),
    protocolError,
  ],
  ["MQTT-3.15.1-1", "AUTH with flags", 5, packetOf(0xf1), malformedPacket],
  ["packet-type", "AUTH", 4, packetOf(0xf0), malformedPacket],
  ["MQTT-4.12.0-3", "AUTH of length 0", 5, packetOf(0xf0), protocolError],
  ["MQTT-3.15.2-1", "AUTH with reason 0x80", 5, packetOf(0xf0, [0x80], section(0x15, ...text("m"))), protocolError],
  ["authentication-method", "AUTH without a method", 5, packetOf(0xf0, [0x18], none), protocolError],
  ["authentication-method", "AUTH of one byte", 5, packetOf(0xf0, [0x18]), protocolError],
  [
    "packet-length",
    "AUTH with bytes behind",
    5,
    packetOf(0xf0, [0x18], section(0x15, ...text("m")), [0]),
    malformedPacket,
  ],
  ["MQTT-3.1.0-2", "a second CONNECT", 5, packetOf(0x10), protocolError],
  ["MQTT3-3.1.0-2", "a second CONNECT", 4, packetOf(0x10), protocolError],
  ["packet-type", "CONNACK from a client", 5, packetOf(0x20, [0, 0, 0]), protocolError],
  ["packet-type", "SUBACK from a client", 4, packetOf(0x90, id, [0]), protocolError],
  ["packet-type", "PINGRESP from a client", 4, packetOf(0xd0), protocolError],
  ["packet-type", "type 0", 5, packetOf(0x00), malformedPacket],
  ["packet-length", "remaining length too small", 4, Uint8Array.of(0xc0, 0, 0), malformedPacket],
  ["packet-length", "remaining length too large", 4, Uint8Array.of(0xc0, 1), malformedPacket],
  ["packet-length", "only a first byte", 4, Uint8Array.of(0xc0), malformedPacket],
];

test.each([...publishes, ...properties, ...acks, ...requests, ...wordy, ...others])(
  "%s: %s (version %i)",
  (rule, _title, version, packet, reason) => {
    const decoder = new Decoder(version, { ...defaultContentRules, topicAliasMaximum: 10 });
    const result = decoder.decode(packet, 0, packet.length);
    expect(result).toMatchObject({ type: "failure", rule, reason });
  },
);
