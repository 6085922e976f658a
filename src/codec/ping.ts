// PINGREQ and PINGRESP, which are always the same two bytes: whoever holds the client's socket answers without decoding.

import { PacketType } from "../protocol/packet-type.ts";

const pingreqType = PacketType.pingreq << 4;

export const pingresp = Uint8Array.of(PacketType.pingresp << 4, 0);

export function isPingreq(frame: Uint8Array, start: number, end: number): boolean {
  return frame[start] === pingreqType && end - start === 2;
}
