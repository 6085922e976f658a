// What a deployment decides about content: control characters in strings, and payloads that are said to be UTF-8. Every
// place that a client's string can stand in is a row.

import { describe, expect, test } from "vitest";
import { Decoder } from "../../../src/codec/decode.ts";
import { decodeConnect } from "../../../src/codec/decode-connect.ts";
import { type ContentRules, defaultContentRules } from "../../../src/protocol/content-rules.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { packetOf, section, text } from "../../support/client-packets.ts";

function decode(packet: Uint8Array, version: ProtocolVersion, rules: ContentRules) {
  if (packet[0] === 0x10) return decodeConnect(packet, 0, packet.length, rules);
  return new Decoder(version, { ...rules, topicAliasMaximum: 10 }).decode(packet, 0, packet.length);
}

const refusing: ContentRules = { ...defaultContentRules, controlCharacters: "refuse" };

type Place = readonly [where: string, versions: readonly ProtocolVersion[], packet: PacketWith];
type PacketWith = (value: string, version: ProtocolVersion) => Uint8Array;

const all: readonly ProtocolVersion[] = [3, 4, 5];
const id = [0, 7];

/** Nothing in 3.x. */
const properties = (version: ProtocolVersion, ...bytes: readonly number[]) => (version === 5 ? section(...bytes) : []);

function connect(version: ProtocolVersion, flags: number, head: readonly number[], ...payload: string[]): Uint8Array {
  const [name, level] = version === 3 ? ["MQIsdp", 3] : ["MQTT", version];
  const fields = payload.map(text);
  const clientId = fields.shift() ?? [];
  // The will's properties stand before its topic.
  const will = (flags & 0x04) !== 0 && version === 5 ? (head.length > 0 ? head : section()) : [];
  const own = (flags & 0x04) !== 0 || head.length === 0 ? properties(version) : head;
  return packetOf(0x10, text(name as string), [level as number, flags, 0, 60], own, clientId, will, ...fields);
}

const places: readonly Place[] = [
  ["the client id", all, (value, version) => connect(version, 0x02, [], value)],
  ["the user name", all, (value, version) => connect(version, 0x82, [], "c", value)],
  ["the will topic", all, (value, version) => connect(version, 0x06, [], "c", value, "payload")],
  ["the name of a user property of CONNECT", [5], (value) => connect(5, 2, section(0x26, ...text(value), 0, 0), "c")],
  ["the value of a user property of CONNECT", [5], (value) => connect(5, 2, section(0x26, 0, 0, ...text(value)), "c")],
  ["the authentication method", [5], (value) => connect(5, 0x02, section(0x15, ...text(value)), "c")],
  ["the content type of the will", [5], (value) => connect(5, 6, section(0x03, ...text(value)), "c", "t", "p")],
  ["the response topic of the will", [5], (value) => connect(5, 6, section(0x08, ...text(value)), "c", "t", "p")],
  ["a user property of the will", [5], (value) => connect(5, 6, section(0x26, 0, 0, ...text(value)), "c", "t", "p")],
  ["the topic of PUBLISH", all, (value, version) => packetOf(0x30, text(value), properties(version))],
  ["the content type of PUBLISH", [5], (value) => packetOf(0x30, text("a"), section(0x03, ...text(value)))],
  ["the response topic of PUBLISH", [5], (value) => packetOf(0x30, text("a"), section(0x08, ...text(value)))],
  ["the name of a user property of PUBLISH", [5], (value) => packetOf(0x30, text("a"), pair(value, ""))],
  ["the value of a user property of PUBLISH", [5], (value) => packetOf(0x30, text("a"), pair("", value))],
  ["the reason string of PUBACK", [5], (value) => packetOf(0x40, id, [0], section(0x1f, ...text(value)))],
  ["a user property of PUBREC", [5], (value) => packetOf(0x50, id, [0], pair("", value))],
  ["the reason string of PUBREL", [5], (value) => packetOf(0x62, id, [0], section(0x1f, ...text(value)))],
  ["a user property of PUBCOMP", [5], (value) => packetOf(0x70, id, [0], pair(value, ""))],
  [
    "a topic filter",
    all,
    (value, version) => packetOf(0x82, id, properties(version), text("a"), [0], text(value), [0]),
  ],
  ["a user property of SUBSCRIBE", [5], (value) => packetOf(0x82, id, pair("", value), text("a"), [0])],
  ["a filter of UNSUBSCRIBE", all, (value, version) => packetOf(0xa2, id, properties(version), text(value))],
  ["a user property of UNSUBSCRIBE", [5], (value) => packetOf(0xa2, id, pair("", value), text("a"))],
  ["the reason string of DISCONNECT", [5], (value) => packetOf(0xe0, [0], section(0x1f, ...text(value)))],
  ["the authentication method of AUTH", [5], (value) => packetOf(0xf0, [0x18], section(0x15, ...text(value)))],
  [
    "the reason string of AUTH",
    [5],
    (value) => packetOf(0xf0, [0x18], section(0x15, ...text("m"), 0x1f, ...text(value))),
  ],
];

function pair(name: string, value: string): number[] {
  return section(0x26, ...text(name), ...text(value));
}

const rows = places.flatMap(([where, versions, packet]) => versions.map((version) => ({ where, version, packet })));

describe.each(rows)("$where, version $version", ({ version, packet }) => {
  test.each(["\u0001", "\u001f", "\u007f", "\u0080", "\u009f", "\ufdd0", "\uffff", "\u{10fffe}"])(
    "%j is refused as malformed if the deployment says so, and passes otherwise",
    (character) => {
      const bytes = packet(`a${character}b`, version);
      const refused = decode(bytes, version, refusing);
      expect(refused).toMatchObject({ reason: ReasonCode.malformedPacket, rule: "control-characters" });
      expect(decode(bytes, version, defaultContentRules).type).not.toMatch(/refusal|failure/);
    },
  );

  test("what is next to them passes under both rules", () => {
    const bytes = packet("a ~\u00a0\u{1fffd}\ufffd", version);
    for (const rules of [refusing, defaultContentRules]) {
      expect(decode(bytes, version, rules).type).not.toMatch(/refusal|failure/);
    }
  });

  test.each([
    ["[MQTT-1.5.4-2] U+0000", [0x00]],
    ["[MQTT-1.5.4-1] a surrogate", [0xed, 0xa0, 0x80]],
  ])("%s is refused under both rules", (_what, instead) => {
    // Of one byte and three: put in the place of as many.
    const marked = packet("x".repeat(instead.length), version);
    const at = lastRun(marked, instead.length);
    marked.set(instead, at);
    for (const rules of [refusing, defaultContentRules]) {
      expect(decode(marked, version, rules)).toMatchObject({ reason: ReasonCode.malformedPacket });
    }
  });
});

/** Where a run of so many x begins. */
function lastRun(bytes: Uint8Array, length: number): number {
  return Buffer.from(bytes).lastIndexOf("x".repeat(length));
}

const notText = [0x61, 0xc3, 0x28];
const isText = [0x01, 1];
const isBytes = [0x01, 0];
const unchecked: ContentRules = { ...defaultContentRules, payloadFormatValidated: false };

test.each([
  ["text that is none", isText, notText, true],
  ["half a character", isText, [0xe2, 0x82], true],
  ["text", isText, [...new TextEncoder().encode("größer 😀")], false],
  ["text with U+0000", isText, [0x61, 0x00], false],
  ["text of no bytes", isText, [], false],
  ["bytes", isBytes, notText, false],
  ["whatever nobody says anything about", [], notText, false],
] as const)("the payload of PUBLISH is %s", (_what, indicator, payload, isIllFormed) => {
  const packet = packetOf(0x30, text("a"), section(...indicator), payload);
  expect(decode(packet, 5, defaultContentRules)).toMatchObject({ type: "publish", payloadIsIllFormed: isIllFormed });
  expect(decode(packet, 5, unchecked)).toMatchObject({ type: "publish", payloadIsIllFormed: false });
});

test("the format of one payload says nothing of the next", () => {
  const decoder = new Decoder(5, { ...defaultContentRules, topicAliasMaximum: 10 });
  const say = (...indicator: readonly number[]) => {
    const packet = packetOf(0x30, text("a"), section(...indicator), notText);
    return decoder.decode(packet, 0, packet.length);
  };
  expect(say(...isText)).toMatchObject({ payloadIsIllFormed: true });
  expect(say()).toMatchObject({ payloadIsIllFormed: false });
  expect(say(0x02, 0, 0, 0, 9)).toMatchObject({ payloadIsIllFormed: false });
});

test.each([
  ["text that is none", isText, ReasonCode.payloadFormatInvalid],
  ["bytes", isBytes, undefined],
])("the payload of a will is %s", (_what, indicator, reason) => {
  const head = [0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 0x06, 0, 60, ...section()];
  const packet = packetOf(0x10, head, text("c"), section(...indicator), text("t"), text(Uint8Array.from(notText)));
  const decoded = decode(packet, 5, defaultContentRules);
  if (reason === undefined) expect(decoded.type).toBe("connect");
  else expect(decoded).toMatchObject({ type: "refusal", reason, connack: Uint8Array.of(0x20, 3, 0, 0x99, 0) });
  expect(decode(packet, 5, unchecked).type).toBe("connect");
});
