// MQTT's strings: UTF-8 without surrogates, overlong forms and U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2]; a byte-order mark is
// an ordinary character [MQTT-1.5.4-3]. Nearly all are ASCII, which one loop over the bytes settles. Payloads that are said
// to be UTF-8 are so without MQTT's exceptions.

import type { ControlCharacters } from "../protocol/content-rules.ts";
import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";

/** discouraged: well formed, with control characters or non-characters in it, which a receiver may refuse. */
export const Text = { plain: 0, discouraged: 1, nul: 2, illFormed: 3 } as const;

export type Text = (typeof Text)[keyof typeof Text];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function scanText(bytes: Uint8Array, start: number, end: number): Text {
  let text: Text = Text.plain;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return scanUnicode(bytes, at, end, text);
    if (byte < 0x20 || byte === 0x7f) {
      if (byte === 0) return Text.nul;
      text = Text.discouraged;
    }
  }
  return text;
}

/** UTF-8 as Unicode defines it: U+0000 is a character like any other. */
export function isWellFormed(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    if ((bytes[at] as number) < 0x80) at++;
    else {
      at = sequenceEnd(bytes, at, end);
      if (at < 0) return false;
    }
  }
  return true;
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

export function textFailure(
  version: ProtocolVersion,
  text: Text,
  what: string,
  controlCharacters: ControlCharacters,
): ProtocolFailure | undefined {
  switch (text) {
    case Text.plain:
      return undefined;
    case Text.discouraged: {
      if (controlCharacters === "allow") return undefined;
      const detail = `${what} contains a control character or a non-character`;
      return fail(ReasonCode.malformedPacket, "control-characters", detail);
    }
    case Text.nul:
      return fail(ReasonCode.malformedPacket, rule(version, "1.5.4-2", "1.5.3-2"), `${what} contains U+0000`);
    case Text.illFormed:
      return fail(ReasonCode.malformedPacket, rule(version, "1.5.4-1", "1.5.3-1"), `${what} is not valid UTF-8`);
  }
}

function scanUnicode(bytes: Uint8Array, start: number, end: number, before: Text): Text {
  let text = before;
  for (let at = start; at < end; ) {
    if (bytes[at] === 0) return Text.nul;
    const next = sequenceEnd(bytes, at, end);
    if (next < 0) return Text.illFormed;
    if (isDiscouraged(bytes, at, next)) text = Text.discouraged;
    at = next;
  }
  return text;
}

/** Where the character at `at` ends; -1 if there is none. */
function sequenceEnd(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  const length = sequenceLength(lead);
  if (length === 0 || at + length > end) return -1;
  if (length > 1 && !isSecond(lead, bytes[at + 1] as number)) return -1;
  for (let rest = 2; rest < length; rest++) if (((bytes[at + rest] as number) & 0xc0) !== 0x80) return -1;
  return at + length;
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

/** A control character, or one of Unicode's 66 non-characters: U+FDD0..U+FDEF, and the last two of each plane. */
function isDiscouraged(bytes: Uint8Array, start: number, end: number): boolean {
  const lead = bytes[start] as number;
  const second = bytes[start + 1] as number;
  const last = bytes[end - 1] as number;
  switch (end - start) {
    case 1:
      return lead < 0x20 || lead === 0x7f;
    case 2:
      return lead === 0xc2 && last < 0xa0;
    case 3:
      if (lead !== 0xef) return false;
      return second === 0xbf ? last >= 0xbe : second === 0xb7 && last >= 0x90 && last < 0xb0;
    default:
      return (second & 0x0f) === 0x0f && bytes[start + 2] === 0xbf && last >= 0xbe;
  }
}
