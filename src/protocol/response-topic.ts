// The Response Topic among the properties that a broker forwards, which have been checked when the packet was decoded.

import { PropertyId } from "./property.ts";

const decoder = new TextDecoder();

export function responseTopicIn(properties: Uint8Array): string | undefined {
  let at = 0;
  while (at < properties.length) {
    const id = properties[at++];
    if (id === PropertyId.payloadFormatIndicator) {
      at += 1;
      continue;
    }
    const length = lengthAt(properties, at);
    if (id === PropertyId.responseTopic) return decoder.decode(properties.subarray(at + 2, at + 2 + length));
    at += 2 + length;
    // A pair: the other half.
    if (id === PropertyId.userProperty) at += 2 + lengthAt(properties, at);
  }
  return undefined;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
