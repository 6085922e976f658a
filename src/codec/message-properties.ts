// The properties of a message that a broker passes on, from words to bytes and back: for those who do not speak MQTT.

import { Buffer } from "node:buffer";
import { EMPTY_BYTES, type UserProperty } from "../protocol/packet.ts";
import { PropertyId, PropertyPlace } from "../protocol/property.ts";
import { copyBytes } from "./bytes.ts";
import { PropertyCursor } from "./property-cursor.ts";
import { readUserProperty } from "./user-property.ts";
import { decodeText } from "./utf8.ts";
import { varintLength, writeVarint } from "./varint.ts";

export interface MessageProperties {
  readonly payloadFormatIndicator?: 0 | 1 | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly userProperties?: readonly UserProperty[] | undefined;
}

const fieldBytesMax = 65_535;
const encoder = new TextEncoder();

/** Undefined if one of them is longer than a field can be. */
export function encodeProperties(properties: MessageProperties): Uint8Array | undefined {
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties = [] } = properties;
  const parts: Uint8Array[] = [];
  if (payloadFormatIndicator !== undefined) {
    parts.push(Uint8Array.of(PropertyId.payloadFormatIndicator, payloadFormatIndicator));
  }
  const fields: [id: number, values: readonly Uint8Array[]][] = [];
  if (contentType !== undefined) fields.push([PropertyId.contentType, [encoder.encode(contentType)]]);
  if (responseTopic !== undefined) fields.push([PropertyId.responseTopic, [encoder.encode(responseTopic)]]);
  if (correlationData !== undefined) fields.push([PropertyId.correlationData, [correlationData]]);
  for (const pair of userProperties) fields.push([PropertyId.userProperty, pair.map((text) => encoder.encode(text))]);
  for (const [id, values] of fields) {
    if (values.some(({ length }) => length > fieldBytesMax)) return undefined;
    parts.push(Uint8Array.of(id), ...values.flatMap((bytes) => [lengthOf(bytes), bytes]));
  }
  return parts.length === 0 ? EMPTY_BYTES : Buffer.concat(parts);
}

/** Of bytes that a decoder has let pass. */
export function decodeProperties(properties: Uint8Array): MessageProperties {
  if (properties.length === 0) return {};
  const section = new Uint8Array(varintLength(properties.length) + properties.length);
  section.set(properties, writeVarint(section, 0, properties.length));
  const cursor = new PropertyCursor("allow");
  cursor.open(section, 0, section.length, PropertyPlace.publish);
  let decoded: MessageProperties = {};
  const userProperties: UserProperty[] = [];
  while (cursor.next()) {
    const { id, valueStart, end, value } = cursor;
    const text = () => decodeText(section, valueStart, end);
    if (id === PropertyId.payloadFormatIndicator) decoded = { ...decoded, payloadFormatIndicator: value === 1 ? 1 : 0 };
    if (id === PropertyId.contentType) decoded = { ...decoded, contentType: text() };
    if (id === PropertyId.responseTopic) decoded = { ...decoded, responseTopic: text() };
    if (id === PropertyId.correlationData) {
      decoded = { ...decoded, correlationData: copyBytes(section.subarray(valueStart, end)) };
    }
    if (id === PropertyId.userProperty) userProperties.push(readUserProperty(section, valueStart));
  }
  return userProperties.length === 0 ? decoded : { ...decoded, userProperties };
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >>> 8, length & 0xff);
}
