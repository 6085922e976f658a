import { expect, test } from "vitest";
import { decodeText, isWellFormed, scanText, Text } from "../../../src/codec/utf8.ts";

test.each([
  ["nothing", [], Text.plain],
  ["ASCII", [0x20, 0x7e], Text.plain],
  ["U+00A0, U+07FF", [0xc2, 0xa0, 0xdf, 0xbf], Text.plain],
  [
    "U+0800, U+D7FF, U+E000, U+FFFD",
    [0xe0, 0xa0, 0x80, 0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80, 0xef, 0xbf, 0xbd],
    Text.plain,
  ],
  ["U+10000, U+10FFFD", [0xf0, 0x90, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbd], Text.plain],
  ["MQTT-1.5.4-3: a byte-order mark", [0xef, 0xbb, 0xbf], Text.plain],
  ["a control character and then U+0000", [0x01, 0x00], Text.nul],
  ["a control character and then half a character", [0x01, 0xc3], Text.illFormed],
  ["MQTT-1.5.4-2: U+0000", [0x41, 0x00], Text.nul],
  ["MQTT-1.5.4-2: U+0000 behind others", [0xc3, 0xa9, 0x00], Text.nul],
  ["MQTT-1.5.4-1: U+D800", [0xed, 0xa0, 0x80], Text.illFormed],
  ["MQTT-1.5.4-1: U+DFFF", [0xed, 0xbf, 0xbf], Text.illFormed],
  ["an overlong U+0000", [0xc0, 0x80], Text.illFormed],
  ["an overlong U+007F", [0xc1, 0xbf], Text.illFormed],
  ["an overlong U+07FF", [0xe0, 0x9f, 0xbf], Text.illFormed],
  ["an overlong U+FFFF", [0xf0, 0x8f, 0xbf, 0xbf], Text.illFormed],
  ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80], Text.illFormed],
  ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80], Text.illFormed],
  ["a continuation alone", [0x80], Text.illFormed],
  ["cut off after two of three", [0xe2, 0x82], Text.illFormed],
  ["ASCII within a sequence", [0xe2, 0x82, 0x41], Text.illFormed],
])("%s", (_title, bytes, expected) => {
  expect(scanText(Uint8Array.from([0xff, ...bytes, 0xff]), 1, 1 + bytes.length)).toBe(expected);
});

test("MQTT-1.5.4-3: decoding keeps a byte-order mark", () => {
  expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 0, 4)).toBe("\ufeffa");
});

test("all sequences of three bytes that begin with E0 to EF, and those of two, agree with the platform's decoder", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isValid = (bytes: Uint8Array) => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const edges = [0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let lead = 1; lead < 256; lead++) {
    for (const second of edges) {
      for (const third of edges) {
        for (const bytes of [
          [lead, second],
          [lead, second, third],
          [lead, second, third, 0x80],
        ].map((b) => Uint8Array.from(b))) {
          expect(scanText(bytes, 0, bytes.length) !== Text.illFormed, bytes.join()).toBe(isValid(bytes));
          expect(isWellFormed(bytes, 0, bytes.length), bytes.join()).toBe(isValid(bytes));
        }
      }
    }
  }
});

test("the specification discourages 65 control characters and Unicode's 66 non-characters, and nothing else", () => {
  const encoder = new TextEncoder();
  const discouraged: number[] = [];
  for (let point = 1; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    // Behind a letter of one byte and before one of two.
    const bytes = encoder.encode(`a${String.fromCodePoint(point)}é`);
    const text = scanText(bytes, 0, bytes.length);
    if (text === Text.discouraged) discouraged.push(point);
    else if (text !== Text.plain) throw new Error(`U+${point.toString(16)} is no text`);
  }
  const from = (first: number, count: number) => Array.from({ length: count }, (_unused, index) => first + index);
  const planes = from(0, 17).flatMap((plane) => from(plane * 0x1_0000 + 0xfffe, 2));
  expect(discouraged).toEqual([...from(0x01, 31), ...from(0x7f, 33), ...from(0xfdd0, 32), ...planes]);
});

test("a payload of UTF-8 may hold U+0000 and whatever else Unicode has", () => {
  const bytes = new TextEncoder().encode("\u0000a\u0000é\uffff😀\u0000");
  expect(isWellFormed(bytes, 0, bytes.length)).toBe(true);
  expect(isWellFormed(bytes, 0, bytes.length - 2)).toBe(false);
});
