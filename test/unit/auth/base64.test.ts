import { expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../../src/auth/base64.ts";

// RFC 4648, section 10, and the two characters that are no letters or digits.
test.each([
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
  [Uint8Array.of(0xfb, 0xff, 0xfe), "+//+"],
])("%j is %j", (plain, encoded) => {
  const bytes = typeof plain === "string" ? new TextEncoder().encode(plain) : plain;
  expect(encodeBase64(bytes)).toBe(encoded);
  expect(decodeBase64(encoded)).toEqual(bytes);
});

test.each([
  ["a length that is no multiple of four", "Zg="],
  ["no padding", "Zg"],
  ["bits behind the end", "Zh=="],
  ["padding alone", "===="],
  ["padding in the middle", "Zg==Zm9v"],
  ["the alphabet of URLs", "-__-"],
  ["a space", "Zm 9"],
  ["a line end", "Zm9v\n"],
  ["a letter of another script", "Zm9ö"],
])("%s is not read", (_what, text) => {
  expect(decodeBase64(text)).toBeUndefined();
});
