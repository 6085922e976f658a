import { expect, test } from "vitest";
import { decodeText, scanText, Text } from "../../../src/codec/utf8.ts";

test.each([
  ["nothing", [], Text.ascii],
  ["ASCII", [0x41, 0x7f], Text.ascii],
  ["U+0080, U+07FF", [0xc2, 0x80, 0xdf, 0xbf], Text.unicode],
  [
    "U+0800, U+D7FF, U+E000, U+FFFF",
    [0xe0, 0xa0, 0x80, 0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80, 0xef, 0xbf, 0xbf],
    Text.unicode,
  ],
  ["U+10000, U+10FFFF", [0xf0, 0x90, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbf], Text.unicode],
  ["MQTT-1.5.4-3: a byte-order mark", [0xef, 0xbb, 0xbf], Text.unicode],
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
          expect(scanText(bytes, 0, bytes.length) <= Text.unicode, bytes.join()).toBe(isValid(bytes));
        }
      }
    }
  }
});
