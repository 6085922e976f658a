// What clients send but PUBLISH, which has a test of its own: what mqtt-packet writes is read as it was meant.

import fc from "fast-check";
import {
  generate,
  type IConnectPacket,
  type IDisconnectPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
} from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { Decoder } from "../../../src/codec/decode.ts";
import { decodeConnect } from "../../../src/codec/decode-connect.ts";
import { defaultContentRules } from "../../../src/protocol/content-rules.ts";
import type { ClientPacket, Connect, Will } from "../../../src/protocol/packet.ts";
import type { ReasonCode } from "../../../src/protocol/reason.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import { clientPackets, connectPackets } from "../../support/wire-packets.ts";

const runs = { numRuns: 500 };
const limits = { ...defaultContentRules, topicAliasMaximum: 10 };
const never = 0xffff_ffff;

function written(packet: Packet, version: ProtocolVersion): Uint8Array {
  return new Uint8Array(generate(packet, { protocolVersion: version }));
}

/** What our decoder should make of a packet of the library. */
function meant(packet: Packet): ClientPacket {
  switch (packet.cmd) {
    case "subscribe":
      return meantSubscribe(packet);
    case "unsubscribe":
      return {
        type: "unsubscribe",
        packetId: packet.messageId ?? 0,
        filters: (packet as IUnsubscribePacket).unsubscriptions,
      };
    case "pingreq":
      return { type: "pingreq" };
    case "disconnect":
      return { type: "disconnect", reason: ((packet as IDisconnectPacket).reasonCode ?? 0) as ReasonCode };
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { type: packet.cmd, packetId: packet.messageId ?? 0, reason: (packet.reasonCode ?? 0) as ReasonCode };
    default:
      throw new Error(`nothing is meant by ${packet.cmd}`);
  }
}

function meantSubscribe({ messageId = 0, subscriptions, properties }: ISubscribePacket): ClientPacket {
  const identifier = properties?.subscriptionIdentifier;
  return {
    type: "subscribe",
    packetId: messageId,
    subscriptions: subscriptions.map(({ topic, qos, nl = false, rap = false, rh = 0 }) => ({
      filter: topic,
      qos,
      noLocal: nl,
      retainAsPublished: rap,
      retainHandling: rh as 0 | 1 | 2,
    })),
    ...(identifier === undefined ? {} : { identifier }),
  };
}

function meantConnect(packet: IConnectPacket, version: ProtocolVersion): Partial<Connect> {
  const { properties = {}, clean = true } = packet;
  const lasts = clean ? 0 : never;
  return {
    version,
    clientId: packet.clientId,
    cleanStart: clean,
    keepAliveSeconds: packet.keepalive ?? 0,
    sessionExpirySeconds: version === 5 ? (properties.sessionExpiryInterval ?? 0) : lasts,
    receiveMaximum: properties.receiveMaximum ?? 65_535,
    maximumPacketBytes: properties.maximumPacketSize ?? 268_435_460,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
    requestResponseInformation: properties.requestResponseInformation ?? false,
    requestProblemInformation: properties.requestProblemInformation ?? true,
    userProperties: Object.entries(properties.userProperties ?? {}).flatMap(([name, values]) =>
      [values].flat().map((value) => [name, value] as const),
    ),
  };
}

/** Without what is forwarded as it came. */
function ownFields({ topic, payload, qos, retain, delaySeconds, messageExpirySeconds }: Will) {
  return { topic, payload: Buffer.from(payload), qos, retain, delaySeconds, messageExpirySeconds };
}

function meantWill({ topic, payload, qos, retain, properties }: NonNullable<IConnectPacket["will"]>) {
  const { willDelayInterval: delaySeconds = 0, messageExpiryInterval: messageExpirySeconds } = properties ?? {};
  return { topic, payload, qos, retain, delaySeconds, messageExpirySeconds };
}

describe.each([3, 4, 5] as const)("version %i", (version) => {
  test("CONNECT", () => {
    fc.assert(
      fc.property(connectPackets(version), (packet) => {
        const frame = written(packet, version);
        const decoded = decodeConnect(frame, 0, frame.length, limits) as Connect;
        expect(decoded).toMatchObject(meantConnect(packet, version));
        expect(decoded.will && ownFields(decoded.will)).toEqual(packet.will && meantWill(packet.will));
      }),
      runs,
    );
  });

  test("all others", () => {
    const others = clientPackets(version).filter(({ cmd }) => cmd !== "publish");
    fc.assert(
      fc.property(others, (packet) => {
        const frame = written(packet, version);
        expect(new Decoder(version, limits).decode(frame, 0, frame.length)).toEqual(meant(packet));
      }),
      runs,
    );
  });
});
