// User properties one by one and in order. The library groups them by name, and loses a repeated one with an empty value.

import type { UserProperty } from "../protocol/packet.ts";
import { decodeText } from "./utf8.ts";

/** Of bytes that a cursor has walked. */
export function readUserProperty(bytes: Uint8Array, start: number): UserProperty {
  const nameStart = start + 2;
  const nameEnd = nameStart + lengthAt(bytes, start);
  const valueStart = nameEnd + 2;
  return [decodeText(bytes, nameStart, nameEnd), decodeText(bytes, valueStart, valueStart + lengthAt(bytes, nameEnd))];
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
