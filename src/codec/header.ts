// The fixed header: type, flags, remaining length.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { PacketType } from "../protocol/packet-type.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { readVarint, varintLength } from "./varint.ts";

/** Where the body of the packet at `start` begins, or -1 if its header does not announce exactly what there is. */
export function bodyStart(frame: Uint8Array, start: number, end: number): number {
  const remaining = readVarint(frame, start + 1, end);
  if (remaining < 0) return -1;
  const body = start + 1 + varintLength(remaining);
  return body + remaining === end ? body : -1;
}

/** Where the packet at `start` ends, or -1 if it does not within the frame. */
export function packetEnd(frame: Uint8Array, start: number): number {
  const remaining = readVarint(frame, start + 1, frame.length);
  if (remaining < 0) return -1;
  const end = start + 1 + varintLength(remaining) + remaining;
  return end <= frame.length ? end : -1;
}

/** Flags of a type that has no flags to choose, by packet type [MQTT-2.1.3-1]. */
const requiredFlags = [0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

/** The statement about a type's flags, by packet type: 5.0 and 3.1.1. */
const flagRules: Readonly<Record<number, readonly [five: string, three: string]>> = {
  [PacketType.pubrel]: ["3.6.1-1", "3.6.1-1"],
  [PacketType.subscribe]: ["3.8.1-1", "3.8.1-1"],
  [PacketType.unsubscribe]: ["3.10.1-1", "3.10.1-1"],
  [PacketType.disconnect]: ["3.14.1-1", "3.14.1-1"],
  [PacketType.auth]: ["3.15.1-1", "2.2.2-2"],
};

const dupFlag = 0x08;

/** MQTT 3.1 allows DUP on PUBREL, SUBSCRIBE and UNSUBSCRIBE: its clients may repeat them. */
export function hasAncientDup(version: ProtocolVersion, first: number): boolean {
  return version === 3 && (first & dupFlag) !== 0 && requiredFlags[first >> 4] === 2;
}

/** For all types but PUBLISH. */
export function flagsFailure(version: ProtocolVersion, first: number): ProtocolFailure | undefined {
  const flags = hasAncientDup(version, first) ? first & 0x0f & ~dupFlag : first & 0x0f;
  if (flags === requiredFlags[first >> 4]) return undefined;
  const [five, three] = flagRules[first >> 4] ?? ["2.1.3-1", "2.2.2-2"];
  return fail(
    ReasonCode.malformedPacket,
    rule(version, five, three),
    `header flags ${flags} of packet type ${first >> 4}`,
  );
}

export function lengthFailure(): ProtocolFailure {
  return fail(ReasonCode.malformedPacket, "packet-length", "the remaining length is not that of the packet");
}
