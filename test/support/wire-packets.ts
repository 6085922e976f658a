// Packets of all types as mqtt-packet takes and gives them: their bytes come from a library that knows nothing of ours.

import fc from "fast-check";
import type { IConnectPacket, Packet, UserProperties } from "mqtt-packet";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { ProtocolVersion } from "../../src/protocol/version.ts";
import { bytes, mqttText, topicText } from "./packet-arbitraries.ts";

const word = mqttText.filter((text) => text !== "");
const buffer = bytes.map((content) => Buffer.from(content));
const qos = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const messageId = fc.integer({ min: 1, max: 65_535 });
const seconds = fc.constantFrom(0, 1, 60, 0xffff_ffff);

/** Several under one name too. */
const userProperties: fc.Arbitrary<UserProperties> = fc
  .array(fc.tuple(word, fc.oneof(word, fc.array(word, { minLength: 2, maxLength: 3 }))), { minLength: 1, maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs));

const message = {
  payloadFormatIndicator: fc.constant(false),
  messageExpiryInterval: seconds,
  contentType: mqttText,
  responseTopic: topicText,
  correlationData: buffer,
  userProperties,
};
const explanation = { reasonString: mqttText, userProperties };

const filter = fc.oneof(
  { weight: 8, arbitrary: topicText },
  { weight: 4, arbitrary: topicText.map((topic) => `${topic}/#`) },
  { weight: 1, arbitrary: fc.constantFrom("#", "+", "+/#", "a/+/b", "/", "$share/group/a", "$SYS/#") },
);

type Fields = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** A packet with these fields, and in 5.0 with any of these properties. */
function packets<Result = Packet>(
  version: ProtocolVersion,
  fields: Fields,
  properties: Fields = {},
): fc.Arbitrary<Result> {
  const some = version === 5 ? { properties: fc.record(properties, { requiredKeys: [] }) } : {};
  return fc.record({ ...fields, ...some }) as fc.Arbitrary<Result>;
}

export function connectPackets(version: ProtocolVersion): fc.Arbitrary<IConnectPacket> {
  const will = packets(
    version,
    { topic: topicText, payload: buffer, qos, retain: fc.boolean() },
    { ...message, willDelayInterval: seconds },
  );
  return packets<IConnectPacket>(
    version,
    {
      cmd: fc.constant("connect"),
      protocolId: fc.constant(version === 3 ? "MQIsdp" : "MQTT"),
      protocolVersion: fc.constant(version),
      clientId: word,
      clean: fc.boolean(),
      keepalive: fc.constantFrom(0, 60, 65_535),
      will: fc.option(will, { nil: undefined }),
    },
    {
      sessionExpiryInterval: seconds,
      receiveMaximum: fc.integer({ min: 1, max: 65_535 }),
      maximumPacketSize: fc.integer({ min: 128, max: 0xffff_ffff }),
      topicAliasMaximum: fc.integer({ min: 0, max: 65_535 }),
      requestResponseInformation: fc.boolean(),
      requestProblemInformation: fc.boolean(),
      userProperties,
    },
  );
}

/** What a connected client may send. */
export function clientPackets(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const subscription = fc.record({
    topic: filter,
    qos,
    ...(version === 5 ? { nl: fc.constant(false), rap: fc.boolean(), rh: fc.constantFrom(0, 1, 2) } : {}),
  });
  return fc.oneof(
    ...publishes(version),
    ...acknowledgements(version),
    packets(
      version,
      {
        cmd: fc.constant("subscribe"),
        messageId,
        subscriptions: fc.array(subscription, { minLength: 1, maxLength: 3 }),
      },
      { subscriptionIdentifier: fc.integer({ min: 1, max: 0x0fff_ffff }), userProperties },
    ),
    packets(
      version,
      { cmd: fc.constant("unsubscribe"), messageId, unsubscriptions: fc.array(filter, { minLength: 1, maxLength: 3 }) },
      { userProperties },
    ),
    packets(3, { cmd: fc.constant("pingreq") }),
    packets(version, { cmd: fc.constant("disconnect"), ...reasons(version, 0, 4, 0x80) }, explanation),
  );
}

function publishes(version: ProtocolVersion): fc.Arbitrary<Packet>[] {
  const fields = { cmd: fc.constant("publish"), topic: topicText, payload: buffer, retain: fc.boolean() };
  const properties = { ...message, topicAlias: fc.integer({ min: 1, max: 4 }) };
  const zero = { ...fields, qos: fc.constant(0), dup: fc.constant(false) };
  const more = { ...fields, qos: fc.constantFrom(1, 2), dup: fc.boolean(), messageId };
  return [packets(version, zero, properties), packets(version, more, properties)];
}

function acknowledgements(version: ProtocolVersion): fc.Arbitrary<Packet>[] {
  const { success, noMatchingSubscribers, quotaExceeded, packetIdentifierNotFound } = ReasonCode;
  const received = reasons(version, success, noMatchingSubscribers, quotaExceeded);
  const released = reasons(version, success, packetIdentifierNotFound);
  return [
    packets(version, { cmd: fc.constant("puback"), messageId, ...received }, explanation),
    packets(version, { cmd: fc.constant("pubrec"), messageId, ...received }, explanation),
    packets(version, { cmd: fc.constant("pubrel"), messageId, ...released }, explanation),
    packets(version, { cmd: fc.constant("pubcomp"), messageId, ...released }, explanation),
  ];
}

function reasons(version: ProtocolVersion, ...codes: readonly number[]): Fields {
  return version === 5 ? { reasonCode: fc.constantFrom(...codes) } : {};
}

/** What only a server may send, and AUTH, which a client may not send uninvited. */
export function foreignPackets(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const granted = fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 3 });
  const method = { authenticationMethod: word, authenticationData: buffer };
  const all = [
    packets(
      version,
      {
        cmd: fc.constant("connack"),
        sessionPresent: fc.boolean(),
        ...(version === 5 ? { reasonCode: fc.constant(0) } : { returnCode: fc.constant(0) }),
      },
      explanation,
    ),
    packets(version, { cmd: fc.constant("suback"), messageId, granted }, explanation),
    packets(version, { cmd: fc.constant("unsuback"), messageId, granted }, explanation),
    packets(3, { cmd: fc.constant("pingresp") }),
  ];
  const auth = packets(5, { cmd: fc.constant("auth"), ...reasons(5, 0x18, 0x19) }, { ...method, ...explanation });
  return fc.oneof(...all, ...(version === 5 ? [auth] : []));
}
