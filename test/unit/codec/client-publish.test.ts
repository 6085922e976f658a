// Messages of those who speak no MQTT: what a client may not send is refused, and what is read is what was written.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClientMessage, clientPublish } from "../../../src/codec/client-publish.ts";
import { decodeProperties, type MessageProperties } from "../../../src/codec/message-properties.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { defaultSessionLimits } from "../../../src/session/limits.ts";

const blank: ClientMessage = {
  topic: "a",
  payload: new Uint8Array(0),
  qos: 1,
  retain: false,
  expirySeconds: undefined,
  properties: {},
};

function made(part: Partial<ClientMessage>) {
  return clientPublish({ ...blank, ...part }, defaultSessionLimits);
}

describe("refused", () => {
  test.each<[string, Partial<ClientMessage>, number]>([
    ["no topic", { topic: "" }, ReasonCode.protocolError],
    ["a wildcard", { topic: "a/+" }, ReasonCode.topicNameInvalid],
    ["U+0000", { topic: "a\u0000b" }, ReasonCode.malformedPacket],
    ["a topic of 65,536 bytes", { topic: "a".repeat(65_536) }, ReasonCode.malformedPacket],
    ["a response topic with a wildcard", { properties: { responseTopic: "#" } }, ReasonCode.protocolError],
    ["a content type of 65,536 bytes", { properties: { contentType: "a".repeat(65_536) } }, ReasonCode.malformedPacket],
    ["too many bytes", { payload: new Uint8Array(1024 * 1024) }, ReasonCode.packetTooLarge],
  ])("%s", (_, part, reason) => {
    expect(made(part)).toMatchObject({ type: "failure", reason });
  });

  test("a payload that is said to be text and is not is told", () => {
    const properties = { payloadFormatIndicator: 1 } as const;
    expect(made({ payload: Uint8Array.of(0xff), properties })).toMatchObject({ payloadIsIllFormed: true });
  });
});

const text = fc.string({ maxLength: 20, unit: fc.constantFrom(..."aü😀/ ") });

const properties: fc.Arbitrary<MessageProperties> = fc.record(
  {
    payloadFormatIndicator: fc.constantFrom(0 as const, 1 as const),
    contentType: text,
    responseTopic: fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(..."aü/") }),
    correlationData: fc.uint8Array({ maxLength: 20 }),
    userProperties: fc.array(fc.tuple(text, text), { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

test("what is written is read again, user properties in their order", () => {
  const expiry = fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { nil: undefined });
  fc.assert(
    fc.property(properties, expiry, fc.uint8Array({ maxLength: 50 }), (written, expirySeconds, payload) => {
      const publish = made({ properties: written, expirySeconds, payload });
      if (publish.type === "failure") throw new Error(publish.detail);
      expect(publish.payload).toEqual(payload);
      expect(publish.messageExpirySeconds).toBe(expirySeconds);
      const { userProperties, ...others } = written;
      // None are the same as an empty list of them.
      const expected = userProperties?.length ? written : others;
      expect(decodeProperties(publish.properties)).toEqual(expected);
    }),
  );
});
