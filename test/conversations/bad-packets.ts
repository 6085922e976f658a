// Packets that a connected client must not send. In 5.0 it is told why by DISCONNECT, in 3.x the connection just closes.

import type { Version } from "../support/broker.ts";
import { bytes, connect, noProperties, packet, text, withLength } from "../support/bytes.ts";

export interface BadPacket {
  readonly what: string;
  readonly send: (version: Version) => Buffer;
  /** DISCONNECT reason codes of 5.0. Where the specification leaves a choice, ours comes first; a peer may take another. */
  readonly reasons: readonly number[];
  /** Versions in which this is a mistake; all by default. */
  readonly only?: readonly Version[];
}

export const malformed = 0x81;
export const protocolError = 0x82;
const topicInvalid = 0x90;
const aliasInvalid = 0x94;
const tooLarge = 0x95;

const publish = (version: Version, firstByte: number, topic: Uint8Array, id: readonly number[] = []): Buffer =>
  packet(firstByte, topic, bytes(...id), noProperties(version), bytes(0x78));
const subscribe = (version: Version, filter: Uint8Array, options: number, firstByte = 0x82): Buffer =>
  packet(firstByte, bytes(0, 9), noProperties(version), filter, bytes(options));
const aliased = (alias: number): Buffer =>
  packet(0x30, text("a"), bytes(3, 0x23, alias >> 8, alias & 0xff), bytes(0x78));

export const badPackets: readonly BadPacket[] = [
  { what: "packet type 0", send: () => bytes(0x00, 0), reasons: [malformed] },
  { what: "packet type 15, reserved before 5.0", send: () => bytes(0xf0, 0), reasons: [], only: [3, 4] },
  { what: "AUTH without an authentication method", send: () => bytes(0xf0, 0), reasons: [protocolError], only: [5] },
  { what: "CONNACK from a client", send: () => bytes(0x20, 2, 0, 0), reasons: [protocolError, malformed] },
  { what: "SUBACK from a client", send: () => bytes(0x90, 3, 0, 1, 0), reasons: [protocolError, malformed] },
  { what: "UNSUBACK from a client", send: () => bytes(0xb0, 2, 0, 1), reasons: [protocolError, malformed] },
  { what: "PINGRESP from a client", send: () => bytes(0xd0, 0), reasons: [protocolError, malformed] },
  { what: "a length of five bytes", send: () => bytes(0x30, 0xff, 0xff, 0xff, 0xff, 0x01), reasons: [malformed] },
  {
    what: "a packet that claims 268,435,455 bytes",
    send: () => bytes(0x30, 0xff, 0xff, 0xff, 0x7f),
    reasons: [tooLarge],
  },
  { what: "[MQTT-3.1.0-2] a second CONNECT", send: (version) => connect(version), reasons: [protocolError] },
  { what: "[MQTT-3.6.1-1] PUBREL with flags 0000", send: () => bytes(0x60, 2, 0, 1), reasons: [malformed] },
  {
    what: "[MQTT-3.8.1-1] SUBSCRIBE with flags 0000",
    send: (version) => subscribe(version, text("a"), 0, 0x80),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.10.1-1] UNSUBSCRIBE with flags 0000",
    send: (version) => packet(0xa0, bytes(0, 9), noProperties(version), text("a")),
    reasons: [malformed],
  },
  { what: "[MQTT-2.1.3-1] PUBACK with flags", send: () => bytes(0x42, 2, 0, 1), reasons: [malformed], only: [4, 5] },
  { what: "[MQTT-2.1.3-1] PINGREQ with flags", send: () => bytes(0xc1, 0), reasons: [malformed], only: [4, 5] },
  { what: "[MQTT-3.14.1-1] DISCONNECT with flags", send: () => bytes(0xe1, 0), reasons: [malformed], only: [4, 5] },
  { what: "PINGREQ with a body", send: () => bytes(0xc0, 1, 0), reasons: [malformed], only: [4, 5] },
  {
    what: "[MQTT-3.3.1-4] PUBLISH at QoS 3",
    send: (version) => publish(version, 0x36, text("a"), [0, 1]),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.3.1-2] PUBLISH at QoS 0 with DUP",
    send: (version) => publish(version, 0x38, text("a")),
    reasons: [malformed, protocolError],
    only: [4, 5],
  },
  {
    what: "[MQTT-3.3.2-2] PUBLISH to a topic with #",
    send: (version) => publish(version, 0x30, text("a/#")),
    reasons: [topicInvalid, malformed],
  },
  {
    what: "[MQTT-3.3.2-2] PUBLISH to a topic with +",
    send: (version) => publish(version, 0x30, text("a/+/b")),
    reasons: [topicInvalid, malformed],
  },
  {
    what: "[MQTT-4.7.3-1] PUBLISH to an empty topic",
    send: (version) => publish(version, 0x30, text("")),
    reasons: [protocolError, topicInvalid, malformed],
  },
  {
    what: "[MQTT-1.5.4-1] PUBLISH to a topic that is not UTF-8",
    send: (version) => publish(version, 0x30, withLength(bytes(0x61, 0xc3, 0x28))),
    reasons: [malformed],
  },
  {
    what: "[MQTT-1.5.4-1] PUBLISH to a topic with an overlong encoding",
    send: (version) => publish(version, 0x30, withLength(bytes(0xc0, 0xaf))),
    reasons: [malformed],
  },
  {
    what: "[MQTT-1.5.4-1] PUBLISH to a topic with a surrogate",
    send: (version) => publish(version, 0x30, withLength(bytes(0xed, 0xa0, 0x80))),
    reasons: [malformed],
  },
  {
    what: "[MQTT-1.5.4-2] PUBLISH to a topic with a NUL",
    send: (version) => publish(version, 0x30, text("a\0b")),
    reasons: [malformed, topicInvalid],
  },
  { what: "a topic longer than its packet", send: () => bytes(0x30, 4, 0xff, 0xff, 0x61, 0x62), reasons: [malformed] },
  {
    what: "[MQTT-2.2.1-3] PUBLISH at QoS 1 with packet id 0",
    send: (version) => publish(version, 0x32, text("a"), [0, 0]),
    reasons: [protocolError, malformed],
  },
  {
    what: "PUBLISH at QoS 1 that ends before its packet id",
    send: () => packet(0x32, text("a")),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.8.3-2] SUBSCRIBE without a filter",
    send: (version) => packet(0x82, bytes(0, 9), noProperties(version)),
    reasons: [protocolError, malformed],
  },
  {
    what: "[MQTT-2.2.1-3] SUBSCRIBE with packet id 0",
    send: (version) => packet(0x82, bytes(0, 0), noProperties(version), text("a"), bytes(0)),
    reasons: [protocolError, malformed],
  },
  {
    what: "SUBSCRIBE for QoS 3",
    send: (version) => subscribe(version, text("a"), 3),
    reasons: [protocolError, malformed],
  },
  {
    what: "[MQTT-3.8.3-5] SUBSCRIBE with reserved option bits",
    send: (version) => subscribe(version, text("a"), 0xc0),
    reasons: [malformed],
    only: [4, 5],
  },
  {
    what: "[MQTT-4.7.1-1] SUBSCRIBE to a/#/b",
    send: (version) => subscribe(version, text("a/#/b"), 0),
    reasons: [0x8f, malformed],
    only: [3, 4],
  },
  {
    what: "[MQTT-1.5.4-1] SUBSCRIBE to a filter that is not UTF-8",
    send: (version) => subscribe(version, withLength(bytes(0xff)), 0),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.10.3-2] UNSUBSCRIBE without a filter",
    send: (version) => packet(0xa2, bytes(0, 9), noProperties(version)),
    reasons: [protocolError, malformed],
  },
  {
    what: "retain handling 3",
    send: (version) => subscribe(version, text("a"), 0x30),
    reasons: [protocolError, malformed],
    only: [5],
  },
  {
    what: "[MQTT-3.8.3-4] no local on a shared subscription",
    send: (version) => subscribe(version, text("$share/g/a"), 0x04),
    reasons: [protocolError],
    only: [5],
  },
  { what: "[MQTT-3.3.2-8] topic alias 0", send: () => aliased(0), reasons: [aliasInvalid], only: [5] },
  {
    what: "[MQTT-3.3.2-9] a topic alias above the announced maximum",
    send: () => aliased(0xffff),
    reasons: [aliasInvalid],
    only: [5],
  },
  {
    what: "an alias nobody has given a topic",
    send: () => packet(0x30, text(""), bytes(3, 0x23, 0, 1)),
    reasons: [protocolError, aliasInvalid],
    only: [5],
  },
  {
    what: "[MQTT-3.3.4-6] PUBLISH with a subscription identifier",
    send: () => packet(0x30, text("a"), bytes(2, 0x0b, 1)),
    reasons: [protocolError, malformed],
    only: [5],
  },
  {
    what: "PUBLISH with an unknown property",
    send: () => packet(0x30, text("a"), bytes(2, 0x7f, 1)),
    reasons: [malformed],
    only: [5],
  },
  {
    what: "properties longer than the packet",
    send: () => packet(0x30, text("a"), bytes(0x7f)),
    reasons: [malformed],
    only: [5],
  },
  {
    what: "[MQTT-3.14.2-2] a session expiry in DISCONNECT that CONNECT did not have",
    send: () => bytes(0xe0, 7, 0, 5, 0x11, 0, 0, 0, 9),
    reasons: [protocolError],
    only: [5],
  },
];
