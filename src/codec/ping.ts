// PINGREQ and PINGRESP, which are always the same two bytes: whoever holds the client's socket answers without decoding.

import { PacketType } from "../protocol/packet-type.ts";

const pingreqType = PacketType.pingreq << 4;

const pingresp = Uint8Array.of(PacketType.pingresp << 4, 0);

/** In one piece: a frame for each of a flood of pings would take a hundred times their bytes where the client does not read. */
export function pingresps(count: number): Uint8Array {
  if (count === 1) return pingresp;
  const bytes = new Uint8Array(count * pingresp.length);
  for (let at = 0; at < bytes.length; at += pingresp.length) bytes.set(pingresp, at);
  return bytes;
}

export function isPingreq(frame: Uint8Array, start: number, end: number): boolean {
  return frame[start] === pingreqType && end - start === 2;
}
