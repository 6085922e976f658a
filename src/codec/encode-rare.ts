// The packets that do not come in streams, through the library. What a version has no packet for is left out: empty.

import type { Packet, UserProperties } from "mqtt-packet";
import { connackReturnCode } from "../protocol/connack-return.ts";
import {
  type Connack,
  type ConnackProperties,
  EMPTY_BYTES,
  type OutAck,
  type ServerAuth,
  type ServerDisconnect,
  type Suback,
  type Unsuback,
  type UserProperty,
} from "../protocol/packet.ts";
import { isFailure, ReasonCode } from "../protocol/reason.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { generatePacket } from "./library.ts";

export type RarePacket = Connack | OutAck | Suback | Unsuback | ServerDisconnect | ServerAuth;

/** Words that a client can do without are left out of a packet that would be larger than `maximumPacketBytes` with them. */
export function encodeRare(packet: RarePacket, version: ProtocolVersion, maximumPacketBytes: number): Uint8Array {
  const bytes = encodeWhole(packet, version);
  // [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.6.2-2] [MQTT-3.7.2-2] [MQTT-3.14.2-3]
  return bytes.length <= maximumPacketBytes ? bytes : encodeWhole(withoutWords(packet), version);
}

function withoutWords(packet: RarePacket): RarePacket {
  switch (packet.type) {
    case "connack": {
      const { reasonString, userProperties, responseInformation, serverReference, ...properties } = packet.properties;
      return { ...packet, properties };
    }
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
    case "disconnect": {
      const { reasonString: _reason, ...rest } = packet;
      return rest;
    }
    default:
      return packet;
  }
}

function encodeWhole(packet: RarePacket, version: ProtocolVersion): Uint8Array {
  switch (packet.type) {
    case "connack":
      return encodeConnack(packet, version);
    case "suback": {
      const granted = version === 5 ? [...packet.reasons] : packet.reasons.map(returnCode);
      return generatePacket({ cmd: "suback", messageId: packet.packetId, granted }, version);
    }
    case "unsuback":
      return generatePacket({ cmd: "unsuback", messageId: packet.packetId, granted: [...packet.reasons] }, version);
    case "disconnect": {
      // Before MQTT 5 a server just closes.
      if (version < 5) return EMPTY_BYTES;
      const { reasonString, serverReference } = packet;
      const properties = present({ reasonString, serverReference });
      return generatePacket({ cmd: "disconnect", reasonCode: packet.reason, properties }, version);
    }
    case "auth": {
      if (version < 5) return EMPTY_BYTES;
      const authenticationData = packet.data === undefined ? undefined : toBuffer(packet.data);
      const properties = present({ authenticationMethod: packet.method, authenticationData });
      return generatePacket({ cmd: "auth", reasonCode: packet.reason, properties }, version);
    }
    default: {
      const { reasonString } = packet;
      const ack = { cmd: packet.type, messageId: packet.packetId, reasonCode: packet.reason };
      return generatePacket({ ...ack, properties: present({ reasonString }) } as Packet, version);
    }
  }
}

/** [MQTT3-3.9.3-2] */
function returnCode(reason: ReasonCode): number {
  return isFailure(reason) ? 0x80 : reason;
}

function encodeConnack(connack: Connack, version: ProtocolVersion): Uint8Array {
  const { reason, properties } = connack;
  // [MQTT-3.2.2-6] [MQTT3-3.2.2-4]; MQTT 3.1 has no such flag.
  const sessionPresent = connack.sessionPresent && !isFailure(reason) && version > 3;
  if (version === 5) {
    const connackProperties = toLibrary(properties);
    return generatePacket(
      { cmd: "connack", sessionPresent, reasonCode: reason, properties: connackProperties },
      version,
    );
  }
  const code = reason === ReasonCode.success ? 0 : connackReturnCode(reason);
  // [MQTT3-3.2.2-6] no code fits: close without a CONNACK.
  if (code === undefined) return EMPTY_BYTES;
  return generatePacket({ cmd: "connack", sessionPresent, returnCode: code }, version);
}

function toLibrary(properties: ConnackProperties) {
  const { userProperties, authenticationData } = properties;
  return present({
    sessionExpiryInterval: properties.sessionExpirySeconds,
    receiveMaximum: properties.receiveMaximum,
    maximumQoS: properties.maximumQos,
    retainAvailable: properties.retainAvailable,
    maximumPacketSize: properties.maximumPacketBytes,
    assignedClientIdentifier: properties.assignedClientId,
    topicAliasMaximum: properties.topicAliasMaximum,
    reasonString: properties.reasonString,
    userProperties: userProperties === undefined ? undefined : toUserProperties(userProperties),
    wildcardSubscriptionAvailable: properties.wildcardAvailable,
    subscriptionIdentifiersAvailable: properties.subscriptionIdsAvailable,
    sharedSubscriptionAvailable: properties.sharedAvailable,
    serverKeepAlive: properties.serverKeepAliveSeconds,
    responseInformation: properties.responseInformation,
    serverReference: properties.serverReference,
    authenticationMethod: properties.authenticationMethod,
    authenticationData: authenticationData === undefined ? undefined : toBuffer(authenticationData),
  });
}

/** The library writes a list of objects in order, although its types only know one object with all names. */
function toUserProperties(properties: readonly UserProperty[]): UserProperties {
  const list = properties.map(([name, value]) => ({ [name]: value }));
  return list as unknown as UserProperties;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}
