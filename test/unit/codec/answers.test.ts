import fc from "fast-check";
import { expect, test } from "vitest";
import { answersOwedTo, isAnswer } from "../../../src/codec/answers.ts";
import { encodePackets } from "../../../src/codec/encode.ts";
import type { Ack, AckType, ServerPacket } from "../../../src/protocol/packet.ts";
import { PacketType } from "../../../src/protocol/packet-type.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { outPublish } from "../../support/packet-arbitraries.ts";

const ack = (type: AckType, reason: ReasonCode = ReasonCode.success): Ack => ({ type, packetId: 7, reason });

test.each<[string, ServerPacket, owed: number]>([
  ["PUBACK", ack("puback"), 0],
  ["PUBACK that refuses", ack("puback", ReasonCode.quotaExceeded), 0],
  ["PUBREC", ack("pubrec"), 1],
  ["PUBREC without subscribers", ack("pubrec", ReasonCode.noMatchingSubscribers), 1],
  ["PUBREC that refuses", ack("pubrec", ReasonCode.quotaExceeded), 0],
  ["PUBREL", ack("pubrel"), 1],
  ["PUBREL of nothing known", ack("pubrel", ReasonCode.packetIdentifierNotFound), 1],
  ["PUBCOMP", ack("pubcomp"), 0],
  ["PINGRESP", { type: "pingresp" }, 0],
])("%s", (_title, packet, owed) => {
  expect(answersOwedTo(encodePackets([packet], 5))).toBe(owed);
});

test("of 3.1.1, which has no reasons", () => {
  expect(answersOwedTo(encodePackets([ack("pubrec"), ack("puback"), ack("pubrel")], 4))).toBe(2);
});

test("of any messages, those above QoS 0", () => {
  const frames = fc.tuple(fc.array(outPublish, { maxLength: 20 }), fc.constantFrom<4 | 5>(4, 5));
  fc.assert(
    fc.property(frames, ([packets, version]) => {
      const owed = packets.filter(({ qos }) => qos > 0).length;
      expect(answersOwedTo(encodePackets(packets, version))).toBe(owed);
    }),
  );
});

test("a frame that ends within a packet: those before it", () => {
  const frame = encodePackets([ack("pubrel"), ack("pubrel")], 4);
  expect(answersOwedTo(frame.subarray(0, frame.length - 1))).toBe(1);
});

test("what a client answers with", () => {
  const answers = Object.entries(PacketType).filter(([, type]) => isAnswer(type));
  expect(answers.map(([name]) => name)).toEqual(["puback", "pubrec", "pubrel", "pubcomp"]);
});
