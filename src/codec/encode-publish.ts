// PUBLISH towards a client, written straight into the frame.

import type { OutPublish } from "../protocol/packet.ts";
import { PropertyId } from "../protocol/property.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { varintLength, varintMaximum, writeVarint } from "./varint.ts";

const publishType = 0x30;

/** Of the whole packet, for the client's Maximum Packet Size [MQTT-3.1.2-24]. */
export function encodedPublishBytes(publish: OutPublish, version: ProtocolVersion): number {
  const remaining = remainingBytes(publish, version);
  if (remaining > varintMaximum) throw new RangeError(`PUBLISH of ${remaining} bytes`);
  return 1 + varintLength(remaining) + remaining;
}

/** Returns where the next packet goes. */
export function writePublish(bytes: Uint8Array, start: number, publish: OutPublish, version: ProtocolVersion): number {
  const { qos, topicBytes, properties, payload } = publish;
  bytes[start] = publishType | (publish.dup ? 8 : 0) | (qos << 1) | (publish.retain ? 1 : 0);
  let at = writeVarint(bytes, start + 1, remainingBytes(publish, version));
  at = writeUint16(bytes, at, topicBytes.length);
  copy(bytes, at, topicBytes);
  at += topicBytes.length;
  if (qos > 0) at = writeUint16(bytes, at, publish.packetId);
  if (version === 5) {
    at = writeVarint(bytes, at, propertiesBytes(publish));
    at = writeOwnProperties(bytes, at, publish);
    copy(bytes, at, properties);
    at += properties.length;
  }
  copy(bytes, at, payload);
  return at + payload.length;
}

function remainingBytes(publish: OutPublish, version: ProtocolVersion): number {
  const bytes = 2 + publish.topicBytes.length + (publish.qos > 0 ? 2 : 0) + publish.payload.length;
  if (version < 5) return bytes;
  const properties = propertiesBytes(publish);
  return bytes + varintLength(properties) + properties;
}

function propertiesBytes(publish: OutPublish): number {
  let bytes = publish.properties.length;
  if (publish.topicAlias > 0) bytes += 3;
  if (publish.messageExpirySeconds !== undefined) bytes += 5;
  for (const identifier of publish.subscriptionIds) bytes += 1 + varintLength(identifier);
  return bytes;
}

function writeOwnProperties(bytes: Uint8Array, start: number, publish: OutPublish): number {
  let at = start;
  if (publish.topicAlias > 0) {
    bytes[at] = PropertyId.topicAlias;
    at = writeUint16(bytes, at + 1, publish.topicAlias);
  }
  if (publish.messageExpirySeconds !== undefined) {
    bytes[at] = PropertyId.messageExpiryInterval;
    at = writeUint16(bytes, at + 1, publish.messageExpirySeconds >>> 16);
    at = writeUint16(bytes, at, publish.messageExpirySeconds & 0xffff);
  }
  // [MQTT-3.3.4-3]
  for (const identifier of publish.subscriptionIds) {
    bytes[at] = PropertyId.subscriptionIdentifier;
    at = writeVarint(bytes, at + 1, identifier);
  }
  return at;
}

/** A loop beats `set` for the few bytes that topics, properties and many payloads have. */
function copy(bytes: Uint8Array, start: number, source: Uint8Array): void {
  const length = source.length;
  if (length > 48) {
    bytes.set(source, start);
    return;
  }
  for (let at = 0; at < length; at++) bytes[start + at] = source[at] as number;
}

export function writeUint16(bytes: Uint8Array, start: number, value: number): number {
  bytes[start] = value >>> 8;
  bytes[start + 1] = value & 0xff;
  return start + 2;
}
