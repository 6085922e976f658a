// First packets that no broker should accept. Each is refused in the words of its version, and the connection is closed.

import type { Version } from "../support/broker.ts";
import { bytes, type ConnectParts, connect, noProperties, packet, text, withLength } from "../support/bytes.ts";

/** What each version must hear. Where the specification leaves a choice, ours comes first; a peer may take another. */
export type Expected = string | readonly string[];

export interface BadConnect {
  readonly what: string;
  readonly send: (version: Version) => Buffer;
  readonly expected: Partial<Record<Version, Expected>>;
}

export const closed = "closed";
const unsupported = ["CONNACK 1", "CONNACK 0x84", closed];
const unsupportedInFive = ["CONNACK 0x84", "CONNACK 1", closed];
const malformed = { 3: closed, 4: closed, 5: "CONNACK 0x81" } as const;
const invalid = bytes(0x61, 0xc3, 0x28);

function badConnect(what: string, parts: ConnectParts, expected: BadConnect["expected"]): BadConnect {
  return { what, send: (version) => connect(version, parts), expected };
}

export const badConnects: readonly BadConnect[] = [
  {
    what: "[MQTT-3.1.0-1] PUBLISH before CONNECT",
    send: (version) => packet(0x30, text("a"), noProperties(version), bytes(1)),
    expected: { 3: closed, 4: closed, 5: closed },
  },
  {
    what: "[MQTT-3.1.0-1] PINGREQ before CONNECT",
    send: () => bytes(0xc0, 0),
    expected: { 3: closed, 4: closed, 5: closed },
  },
  { what: "[MQTT-3.1.0-1] DISCONNECT before CONNECT", send: () => bytes(0xe0, 0), expected: { 4: closed, 5: closed } },
  {
    what: "a CONNECT that claims 268,435,455 bytes",
    send: () => bytes(0x10, 0xff, 0xff, 0xff, 0x7f),
    expected: { 4: closed, 5: closed },
  },
  {
    what: "a length of five bytes",
    send: () => bytes(0x10, 0xff, 0xff, 0xff, 0xff, 0x01),
    expected: { 4: closed, 5: closed },
  },
  { what: "an HTTP request", send: () => Buffer.from("GET / HTTP/1.1\r\n\r\n"), expected: { 4: closed } },
  {
    what: "CONNECT with wrong flags in its first byte",
    send: (version) => Buffer.concat([bytes(0x11), connect(version).subarray(1)]),
    expected: { 4: closed, 5: ["CONNACK 0x81", closed] },
  },
  badConnect(
    "[MQTT-3.1.2-1] protocol name MQTX",
    { name: "MQTX" },
    { 3: unsupported, 4: unsupported, 5: unsupportedInFive },
  ),
  badConnect(
    "[MQTT-3.1.2-1] protocol name mqtt in small letters",
    { name: "mqtt" },
    { 4: unsupported, 5: unsupportedInFive },
  ),
  badConnect("[MQTT-3.1.2-2] protocol level 0", { level: 0 }, { 4: unsupported }),
  badConnect("[MQTT-3.1.2-2] protocol level 2", { level: 2 }, { 4: unsupported }),
  badConnect("[MQTT-3.1.2-2] protocol level 6", { level: 6 }, { 4: unsupportedInFive }),
  badConnect("[MQTT-3.1.2-2] protocol level 255", { level: 255 }, { 4: unsupported }),
  badConnect("level 3 with the name of 3.1.1", { name: "MQTT" }, { 3: unsupported }),
  badConnect("[MQTT-3.1.2-3] the reserved CONNECT flag", { flags: 0x03 }, { 4: closed, 5: "CONNACK 0x81" }),
  badConnect(
    "[MQTT-3.1.2-12] will QoS 3",
    { flags: 0x1e, payload: [text("bad-will"), text("t"), text("p")] },
    { 4: closed },
  ),
  badConnect(
    "[MQTT-3.1.2-12] will QoS 3",
    { flags: 0x1e, payload: [text("bad-will"), bytes(0), text("t"), text("p")] },
    { 5: "CONNACK 0x81" },
  ),
  badConnect("[MQTT-3.1.2-11] will QoS without a will", { flags: 0x0a }, { 4: closed, 5: "CONNACK 0x81" }),
  badConnect("[MQTT-3.1.2-13] will retain without a will", { flags: 0x22 }, { 4: closed, 5: "CONNACK 0x81" }),
  badConnect("a will without its topic", { flags: 0x06 }, malformed),
  badConnect(
    "a will topic with a wildcard",
    { flags: 0x06, payload: [text("bad-will"), text("a/#"), text("p")] },
    { 4: closed },
  ),
  badConnect(
    "a will topic with a wildcard",
    { flags: 0x06, payload: [text("bad-will"), bytes(0), text("a/#"), text("p")] },
    { 5: ["CONNACK 0x90", "CONNACK 0x81"] },
  ),
  badConnect("[MQTT-3.1.2-17] a user name flag without a user name", { flags: 0x82 }, malformed),
  badConnect(
    "[MQTT3-3.1.2-22] a password without a user name",
    { flags: 0x42, payload: [text("bad-pass"), text("p")] },
    { 4: closed },
  ),
  badConnect("a payload behind the end", { payload: [text("bad-long"), text("more")] }, malformed),
  badConnect("no payload at all", { payload: [] }, malformed),
  badConnect("a client id longer than the packet", { payload: [bytes(0xff, 0xff, 0x61)] }, malformed),
  badConnect(
    "[MQTT-1.5.4-1] a client id that is not UTF-8",
    { payload: [withLength(invalid)] },
    { 3: [closed, "CONNACK 2"], 4: [closed, "CONNACK 2"], 5: ["CONNACK 0x81", "CONNACK 0x85"] },
  ),
  badConnect(
    "[MQTT-1.5.4-1] a surrogate in the client id",
    { payload: [withLength(bytes(0xed, 0xa0, 0x80))] },
    { 4: [closed, "CONNACK 2"], 5: ["CONNACK 0x81", "CONNACK 0x85"] },
  ),
  badConnect(
    "[MQTT-1.5.4-2] a NUL in the client id",
    { payload: [text("a\0b")] },
    { 4: [closed, "CONNACK 2"], 5: ["CONNACK 0x81", "CONNACK 0x85"] },
  ),
  badConnect(
    "[MQTT3-3.1.3-8] an empty client id that wants to keep its session",
    { flags: 0, payload: [text("")] },
    { 3: "CONNACK 2", 4: "CONNACK 2" },
  ),
  badConnect("an unknown property", { properties: [0x7f, 0] }, { 5: "CONNACK 0x81" }),
  badConnect("a property that belongs to PUBLISH", { properties: [0x01, 1] }, { 5: ["CONNACK 0x81", "CONNACK 0x82"] }),
  badConnect("a property given twice", { properties: [0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1] }, { 5: "CONNACK 0x82" }),
  badConnect("receive maximum 0", { properties: [0x21, 0, 0] }, { 5: "CONNACK 0x82" }),
  badConnect("maximum packet size 0", { properties: [0x27, 0, 0, 0, 0] }, { 5: "CONNACK 0x82" }),
  badConnect(
    "[MQTT-3.1.2-24] a maximum packet size that CONNACK does not fit into",
    { properties: [0x27, 0, 0, 0, 127] },
    { 5: "CONNACK 0x95" },
  ),
  badConnect("authentication data without a method", { properties: [0x16, 0, 1, 0] }, { 5: "CONNACK 0x82" }),
  badConnect("an authentication method nobody offers", { properties: [0x15, 0, 1, 0x78] }, { 5: "CONNACK 0x8c" }),
];
