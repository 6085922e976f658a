// MQTT's strings: UTF-8 without surrogates, overlong forms and U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2]; a byte-order mark is
// an ordinary character [MQTT-1.5.4-3]. Nearly all are ASCII, which one loop over the bytes settles.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";

export const Text = { ascii: 0, unicode: 1, nul: 2, illFormed: 3 } as const;

export type Text = (typeof Text)[keyof typeof Text];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function scanText(bytes: Uint8Array, start: number, end: number): Text {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) return Text.nul;
    if (byte >= 0x80) return scanUnicode(bytes, at, end);
  }
  return Text.ascii;
}

/** For bytes that `scanText` found well formed. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return start === end ? "" : decoder.decode(bytes.subarray(start, end));
}

const plus = 0x2b;
const hash = 0x23;

/** Bytes below 0x80 only ever stand for themselves in UTF-8. */
export function hasWildcard(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === plus || bytes[at] === hash) return true;
  return false;
}

export function textFailure(version: ProtocolVersion, text: Text, what: string): ProtocolFailure | undefined {
  if (text === Text.nul) {
    return fail(ReasonCode.malformedPacket, rule(version, "1.5.4-2", "1.5.3-2"), `${what} contains U+0000`);
  }
  if (text === Text.illFormed) {
    return fail(ReasonCode.malformedPacket, rule(version, "1.5.4-1", "1.5.3-1"), `${what} is not valid UTF-8`);
  }
  return undefined;
}

function scanUnicode(bytes: Uint8Array, start: number, end: number): Text {
  let at = start;
  while (at < end) {
    const lead = bytes[at] as number;
    if (lead === 0) return Text.nul;
    const length = sequenceLength(lead);
    if (length === 0 || at + length > end) return Text.illFormed;
    if (length > 1 && !isSecond(lead, bytes[at + 1] as number)) return Text.illFormed;
    for (let rest = 2; rest < length; rest++) if (((bytes[at + rest] as number) & 0xc0) !== 0x80) return Text.illFormed;
    at += length;
  }
  return Text.unicode;
}

/** 0 for a byte that starts nothing: C0 and C1 could only be overlong, F5 and up lie beyond U+10FFFF. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** Overlong forms, surrogates and too large code points show in the second byte. */
function isSecond(lead: number, second: number): boolean {
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return second >= lowest && second <= highest;
}
