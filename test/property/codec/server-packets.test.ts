// What clients are sent but PUBLISH, which has a test of its own: what is written mqtt-packet reads as it was meant.

import fc from "fast-check";
import { type Packet, parser } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { encodePackets } from "../../../src/codec/encode.ts";
import type { ServerPacket } from "../../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { bytes, mqttText } from "../../support/packet-arbitraries.ts";

const runs = { numRuns: 500 };
const packetId = fc.integer({ min: 1, max: 65_535 });
const text = mqttText.filter((value) => value !== "");
const uint16 = fc.integer({ min: 1, max: 65_535 });
const uint32 = fc.integer({ min: 1, max: 0xffff_ffff });

/** What CONNACK can announce: our name, the library's, the values. */
const announcements = [
  ["assignedClientId", "assignedClientIdentifier", text],
  ["sessionExpirySeconds", "sessionExpiryInterval", uint32],
  ["receiveMaximum", "receiveMaximum", uint16],
  ["maximumQos", "maximumQoS", fc.constantFrom(0, 1)],
  ["retainAvailable", "retainAvailable", fc.boolean()],
  ["maximumPacketBytes", "maximumPacketSize", uint32],
  ["topicAliasMaximum", "topicAliasMaximum", uint16],
  ["reasonString", "reasonString", text],
  ["wildcardAvailable", "wildcardSubscriptionAvailable", fc.boolean()],
  ["subscriptionIdsAvailable", "subscriptionIdentifiersAvailable", fc.boolean()],
  ["sharedAvailable", "sharedSubscriptionAvailable", fc.boolean()],
  ["serverKeepAliveSeconds", "serverKeepAlive", uint16],
  ["responseInformation", "responseInformation", text],
  ["serverReference", "serverReference", text],
  ["authenticationMethod", "authenticationMethod", text],
  ["authenticationData", "authenticationData", bytes],
] as const;

/** Properties of other packets have one name. */
const libraryNames = new Map<string, string>([
  ...announcements.map(([ours, theirs]) => [ours, theirs] as const),
  ["method", "authenticationMethod"],
  ["data", "authenticationData"],
]);

interface Case {
  readonly packet: ServerPacket;
  /** As the library has it. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

function cases(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  properties: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  toLibrary: (fields: Fields) => Fields,
  nested = false,
): fc.Arbitrary<Case> {
  return fc.tuple(fc.record(fields), fc.record(properties, { requiredKeys: [] })).map(([own, more]) => ({
    packet: (nested ? { ...own, properties: more } : { ...own, ...more }) as unknown as ServerPacket,
    fields: toLibrary(own as Fields),
    properties: Object.fromEntries(
      Object.entries(more).map(([name, value]) => [
        libraryNames.get(name) ?? name,
        value instanceof Uint8Array ? Buffer.from(value) : value,
      ]),
    ),
  }));
}

function casesIn(version: ProtocolVersion): fc.Arbitrary<Case> {
  const five = version === 5;
  const failures = fc.constantFrom(0, 1, 2, 0x80, 0x87, 0x8f, 0x97);
  const words = five ? { reasonString: text } : {};
  const all = [
    cases(
      { type: fc.constant("connack"), sessionPresent: fc.boolean(), reason: fc.constant(0) },
      five ? Object.fromEntries(announcements.map(([name, , values]) => [name, values])) : {},
      ({ sessionPresent }) => {
        const present = version > 3 && sessionPresent;
        return { cmd: "connack", sessionPresent: present, ...(five ? { reasonCode: 0 } : { returnCode: 0 }) };
      },
      true,
    ),
    cases(
      { type: fc.constant("suback"), packetId, reasons: fc.array(failures, { minLength: 1, maxLength: 5 }) },
      {},
      ({ packetId, reasons }) => {
        const granted = (reasons as number[]).map((code) => (five || code < 0x80 ? code : 0x80));
        return { cmd: "suback", messageId: packetId, granted };
      },
    ),
    cases(
      { type: fc.constant("unsuback"), packetId, reasons: fc.array(fc.constantFrom(0, 0x11, 0x8f), { minLength: 1 }) },
      {},
      ({ packetId, reasons }) => ({ cmd: "unsuback", messageId: packetId, ...(five ? { granted: reasons } : {}) }),
    ),
    cases({ type: fc.constant("pingresp") }, {}, () => ({ cmd: "pingresp" })),
    cases(
      { type: fc.constantFrom("puback", "pubrec"), packetId, reason: fc.constantFrom(0, 0x10, 0x97) },
      words,
      ({ type, packetId, reason }) => ({ cmd: type, messageId: packetId, ...(five ? { reasonCode: reason } : {}) }),
    ),
    cases(
      { type: fc.constantFrom("pubrel", "pubcomp"), packetId, reason: fc.constantFrom(0, 0x92) },
      words,
      ({ type, packetId, reason }) => ({ cmd: type, messageId: packetId, ...(five ? { reasonCode: reason } : {}) }),
    ),
  ];
  const sinceFive = [
    cases(
      { type: fc.constant("disconnect"), reason: fc.constantFrom(0x81, 0x8e, 0x97) },
      { ...words, serverReference: text },
      ({ reason }) => ({ cmd: "disconnect", reasonCode: reason }),
    ),
    cases(
      { type: fc.constant("auth"), reason: fc.constantFrom(0, 0x18), method: text },
      { data: bytes },
      ({ reason }) => ({ cmd: "auth", reasonCode: reason }),
    ),
  ];
  return fc.oneof(...all, ...(five ? sinceFive : []));
}

function readBack(packet: ServerPacket, version: ProtocolVersion): Packet {
  const found: Packet[] = [];
  const reader = parser({ protocolVersion: version });
  reader.on("packet", (each) => found.push(each));
  reader.on("error", (error) => {
    throw error;
  });
  reader.parse(Buffer.from(encodePackets([packet], version)));
  expect(found).toHaveLength(1);
  return found[0] as Packet;
}

describe.each([3, 4, 5] as const)("version %i", (version) => {
  test("is read as it was meant", () => {
    fc.assert(
      fc.property(casesIn(version), ({ packet, fields, properties }) => {
        const read = readBack(packet, version) as unknown as { readonly properties?: object };
        expect(read).toMatchObject(fields);
        expect(read.properties ?? {}).toMatchObject(properties);
      }),
      runs,
    );
  });
});
