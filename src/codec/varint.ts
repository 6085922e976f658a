// Variable byte integers: seven bits a byte, at most four bytes, in the shortest form [MQTT-1.5.5-1].

export { varintBytes as varintLength } from "../protocol/varint.ts";

export const varintMaximum = 0x0fff_ffff;

/** What `readVarint` returns instead of a value. */
export const VarintFault = { incomplete: -1, tooLong: -2, padded: -3 } as const;

/** The value, or a `VarintFault`. Its length is `varintLength` of the value, since only the shortest form passes. */
export function readVarint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    if (start + index >= end) return VarintFault.incomplete;
    const byte = bytes[start + index] as number;
    value += (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return byte === 0 && index > 0 ? VarintFault.padded : value;
  }
  return VarintFault.tooLong;
}

/** Returns where the next byte goes. */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
