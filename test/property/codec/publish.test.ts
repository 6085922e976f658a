import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { type IPublishPacket, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { Decoder } from "../../../src/codec/decode.ts";
import { encodedPublishBytes, encodePackets } from "../../../src/codec/encode.ts";
import { defaultContentRules } from "../../../src/protocol/content-rules.ts";
import type { Publish } from "../../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { outPublish, version } from "../../support/packet-arbitraries.ts";

const runs = { numRuns: 2000 };

function parse(frame: Uint8Array, protocolVersion: ProtocolVersion): IPublishPacket {
  const packets = parser({ protocolVersion });
  let found: IPublishPacket | undefined;
  packets.on("packet", (packet) => {
    if (packet.cmd === "publish") found = packet;
  });
  packets.parse(Buffer.from(frame));
  if (found === undefined) throw new Error("mqtt-packet found no PUBLISH");
  return found;
}

test("what is encoded is decoded again as it was", () => {
  fc.assert(
    fc.property(version, fc.array(outPublish, { minLength: 1, maxLength: 4 }), (level, packets) => {
      const decoder = new Decoder(level, { ...defaultContentRules, topicAliasMaximum: 10 });
      for (const packet of packets) {
        const frame = encodePackets([packet], level);
        expect(encodedPublishBytes(packet, level)).toBe(frame.length);
        const decoded = decoder.decode(frame, 0, frame.length) as Publish;
        const { subscriptionIds: _ids, ...expected } = packet;
        const bare = { ...expected, topicAlias: 0, properties: new Uint8Array(0), messageExpirySeconds: undefined };
        expect(decoded).toEqual({
          ...(level === 5 ? expected : bare),
          topic: new TextDecoder("utf-8", { ignoreBOM: true }).decode(packet.topicBytes),
          payloadIsIllFormed:
            parse(frame, level).properties?.payloadFormatIndicator === true && !isUtf8(packet.payload),
        });
      }
    }),
    runs,
  );
});

test("mqtt-packet reads the same PUBLISH", () => {
  fc.assert(
    fc.property(version, outPublish, (level, packet) => {
      const parsed = parse(encodePackets([packet], level), level);
      expect(parsed).toMatchObject({ qos: packet.qos, retain: packet.retain, dup: packet.dup });
      expect(Buffer.from(parsed.topic)).toEqual(Buffer.from(packet.topicBytes));
      expect(parsed.payload).toEqual(Buffer.from(packet.payload));
      if (packet.qos > 0) expect(parsed.messageId).toBe(packet.packetId);
      if (level === 5) {
        expect(parsed.properties?.messageExpiryInterval).toBe(packet.messageExpirySeconds);
        expect(parsed.properties?.topicAlias ?? 0).toBe(packet.topicAlias);
      }
    }),
    runs,
  );
});
