// Payloads as the page shows and takes them.

import { expect, test } from "vitest";
import { bytesOfHex, payloadText } from "../../../dashboard/parts/payload.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const broken = Uint8Array.of(0x7b, 0xff);

test.each([
  ["JSON is laid out", utf8('{"a":[1]}'), "auto", '{\n  "a": [\n    1\n  ]\n}'],
  ["text stays as it is", utf8("21.5 °C"), "auto", "21.5 °C"],
  [
    "numbers stay as they were sent",
    utf8("[21.50,12345678901234567890]"),
    "auto",
    "[\n  21.50,\n  12345678901234567890\n]",
  ],
  [
    "what is empty stays together",
    utf8('{"a":{},"b":[ ],"c":"{ }"}'),
    "JSON",
    '{\n  "a": {},\n  "b": [],\n  "c": "{ }"\n}',
  ],
  ["text that is asked for is not laid out", utf8('{"a":1}'), "text", '{"a":1}'],
  ["what is no text is shown as bytes", broken, "auto", `00000000  7b ff ${" ".repeat(42)} {.`],
  ["what is no JSON is said", utf8("{"), "JSON", "This payload is not JSON."],
  ["nothing is nothing", new Uint8Array(), "hex", ""],
] as const)("%s", (_title, payload, view, text) => {
  expect(payloadText(payload, view)).toBe(text);
});

test("hexadecimal is taken with spaces, commas and prefixes, and nothing else", () => {
  expect([...bytesOfHex("00 ff\n0x80,7F")]).toEqual([0, 255, 128, 127]);
  expect([...bytesOfHex("")]).toEqual([]);
  for (const text of ["0", "0g", "zz", "00 f"]) expect(() => bytesOfHex(text)).toThrow("Hexadecimal is pairs");
});
