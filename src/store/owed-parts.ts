// The parts of an owed call as one value: u32 length of a JSON head, the head, then the bodies.

import type { OwedPart } from "../shard/changes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Head = readonly [publisher: string, publisherGeneration: number, generation: number, bytes: number][];

export function packParts(parts: readonly OwedPart[]): Uint8Array {
  const json = headOf(parts);
  const bytes = new Uint8Array(lengthBehind(json, parts));
  new DataView(bytes.buffer).setUint32(0, json.length);
  bytes.set(json, 4);
  let at = 4 + json.length;
  for (const { body } of parts) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
}

/** How many bytes they become. */
export function packedLength(parts: readonly OwedPart[]): number {
  return lengthBehind(headOf(parts), parts);
}

function headOf(parts: readonly OwedPart[]): Uint8Array {
  const head: Head = parts.map((part) => [part.publisher, part.publisherGeneration, part.generation, part.body.length]);
  return encoder.encode(JSON.stringify(head));
}

function lengthBehind(head: Uint8Array, parts: readonly OwedPart[]): number {
  return parts.reduce((sum, part) => sum + part.body.length, 4 + head.length);
}

export function unpackParts(bytes: Uint8Array): OwedPart[] {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  let at = 4 + length;
  const head = JSON.parse(decoder.decode(bytes.subarray(4, at))) as Head;
  return head.map(([publisher, publisherGeneration, generation, size]) => {
    const body = bytes.subarray(at, at + size);
    at += size;
    return { publisher, publisherGeneration, generation, body };
  });
}
