// Packets of clients and servers for property tests.

import fc from "fast-check";
import type { OutPublish } from "../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../src/protocol/version.ts";
import { text } from "./client-packets.ts";

export const version = fc.constantFrom<ProtocolVersion>(3, 4, 5);

const character = fc
  .oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 1, max: 0x10_ffff }))
  .map((codePoint) => String.fromCodePoint(codePoint));

/** Well formed and without U+0000. */
export const mqttText = fc.array(character, { maxLength: 12 }).map((characters) => characters.join("").toWellFormed());

export const topicText = mqttText.map((value) => `t${value.replace(/[+#]/g, "-")}`);

export const bytes = fc.uint8Array({ maxLength: 200 });

const userProperty = fc.tuple(mqttText, mqttText).map(([name, value]) => [0x26, ...text(name), ...text(value)]);

/** What is forwarded with a PUBLISH, encoded. */
export const forwardedProperties = fc
  .tuple(
    fc.option(fc.constantFrom([1, 0], [1, 1])),
    fc.array(userProperty, { maxLength: 3 }),
    fc.option(mqttText.map((value) => [3, ...text(value)])),
    fc.option(topicText.map((value) => [8, ...text(value)])),
    fc.option(bytes.map((value) => [9, ...text(value)])),
  )
  .map(([format, users, ...others]) => [format, ...users, ...others].filter((part) => part !== null))
  .chain((parts) => fc.shuffledSubarray(parts, { minLength: parts.length }))
  .map((parts) => Uint8Array.from(parts.flat()));

export const outPublish: fc.Arbitrary<OutPublish> = fc
  .record({
    qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    retain: fc.boolean(),
    dup: fc.boolean(),
    packetId: fc.integer({ min: 1, max: 65_535 }),
    topic: topicText,
    topicAlias: fc.integer({ min: 0, max: 10 }),
    expiry: fc.option(fc.integer({ min: 0, max: 0xffff_ffff })),
    properties: forwardedProperties,
    payload: bytes,
  })
  .map(({ topic, expiry, ...fields }) => ({
    ...fields,
    type: "publish" as const,
    dup: fields.qos > 0 && fields.dup,
    packetId: fields.qos === 0 ? 0 : fields.packetId,
    topicBytes: new TextEncoder().encode(topic),
    subscriptionIds: [],
    ...(expiry === null ? {} : { messageExpirySeconds: expiry }),
  }));
