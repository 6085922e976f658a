// What clients send, as bytes: written by mqtt-packet where it can, by hand where a packet must be wrong.

import { generate, type Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../../src/protocol/version.ts";

export function clientBytes(packet: Packet, version: ProtocolVersion): Uint8Array {
  return new Uint8Array(generate(packet, { protocolVersion: version }));
}

/** One packet: first byte, body, the remaining length in between. */
export function packetOf(
  first: number,
  ...body: readonly (number | string | Uint8Array | readonly number[])[]
): Uint8Array {
  const bytes = body.flatMap((part) => (typeof part === "number" ? [part] : [...toBytes(part)]));
  return Uint8Array.from([first, ...varint(bytes.length), ...bytes]);
}

function toBytes(part: string | Uint8Array | readonly number[]): Iterable<number> {
  return typeof part === "string" ? text(part) : part;
}

/** A string or binary field. */
export function text(value: string | Uint8Array): number[] {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

/** A properties section. */
export function section(...bytes: readonly number[]): number[] {
  return [...varint(bytes.length), ...bytes];
}

export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
