// Values in HTTP headers between the parts of the broker: JSON as base64, since what clients are called is not always ASCII.

import { Buffer } from "node:buffer";

export function encodeHeader(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}

export function decodeHeader<Value>(text: string): Value {
  return JSON.parse(Buffer.from(text, "base64").toString()) as Value;
}
