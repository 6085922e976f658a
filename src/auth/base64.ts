// Base64 with padding, as SCRAM writes bytes (RFC 5802, section 7). Strict: bytes have one text, and no other is read.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second, third] = bytes.subarray(at, at + 3);
    const group = (first << 16) | ((second ?? 0) << 8) | (third ?? 0);
    text += character(group >> 18) + character(group >> 12);
    text += second === undefined ? "=" : character(group >> 6);
    text += third === undefined ? "=" : character(group);
  }
  return text;
}

export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let from = 0, to = 0; from < text.length; from += 4, to += 3) {
    let group = 0;
    for (let index = 0; index < 4; index++)
      group = (group << 6) | Math.max(alphabet.indexOf(text[from + index] ?? ""), 0);
    // Behind the end of the array these fall away.
    bytes[to] = group >> 16;
    bytes[to + 1] = group >> 8;
    bytes[to + 2] = group;
  }
  // What is not in the alphabet was read as zeros, so only the right text comes back.
  return encodeBase64(bytes) === text ? bytes : undefined;
}

function character(value: number): string {
  return alphabet[value & 63] as string;
}
