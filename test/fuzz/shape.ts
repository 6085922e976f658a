// A packet taken apart into its fields, so that a mutation can name what it breaks, and put together again, with lengths
// that are right unless somebody says otherwise. Knows the layout of packets alone, and none of the broker's code.

import type { ProtocolVersion } from "../../src/protocol/version.ts";

export type Field =
  /** Of a fixed length, or up to the packet's end. */
  | { readonly kind: "bytes"; bytes: number[] }
  /** Text or binary data with two bytes of length in front. */
  | { readonly kind: "text"; bytes: number[]; declared?: number }
  | { readonly kind: "properties"; list: Property[]; declared?: number };

export type TextField = Extract<Field, { kind: "text" }>;
export type PropertiesField = Extract<Field, { kind: "properties" }>;

export interface Property {
  id: number;
  fields: Field[];
}

export interface Shape {
  /** Type and flags. */
  first: number;
  fields: Field[];
  /** A remaining length that is not the right one. */
  declared?: number;
  /** Bytes with which the remaining length is longer than it has to be. */
  padding?: number;
}

/** What a property's value is made of: numbers are bytes, `t` a text. */
const propertyLayouts: Readonly<Record<number, readonly (number | "t" | "varint")[]>> = {
  1: [1],
  2: [4],
  3: ["t"],
  8: ["t"],
  9: ["t"],
  11: ["varint"],
  17: [4],
  18: ["t"],
  19: [2],
  21: ["t"],
  22: ["t"],
  23: [1],
  24: [4],
  25: [1],
  26: ["t"],
  28: ["t"],
  31: ["t"],
  33: [2],
  34: [2],
  35: [2],
  36: [1],
  37: [1],
  38: ["t", "t"],
  39: [4],
  40: [1],
  41: [1],
  42: [1],
};

export const knownProperties: readonly number[] = Object.keys(propertyLayouts).map(Number);

class Cursor {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(count: number): number[] {
    if (count > this.left) throw new Error("the packet ends too early");
    this.#at += count;
    return [...this.#bytes.subarray(this.#at - count, this.#at)];
  }

  bytes(count: number): Field {
    return { kind: "bytes", bytes: this.take(count) };
  }

  text(): Field {
    const [high = 0, low = 0] = this.take(2);
    return { kind: "text", bytes: this.take(high * 256 + low) };
  }

  varint(): number[] {
    const bytes = this.take(1);
    while ((bytes.at(-1) ?? 0) >= 128) bytes.push(...this.take(1));
    return bytes;
  }

  properties(): Field {
    const length = this.varint().reduce((sum, byte, index) => sum + (byte % 128) * 128 ** index, 0);
    const end = this.left - length;
    const list: Property[] = [];
    while (this.left > end) {
      const [id = 0] = this.take(1);
      const layout = propertyLayouts[id] ?? [];
      list.push({ id, fields: layout.map((part) => this.#part(part)) });
    }
    return { kind: "properties", list };
  }

  #part(part: number | "t" | "varint"): Field {
    if (part === "t") return this.text();
    return part === "varint" ? { kind: "bytes", bytes: this.varint() } : this.bytes(part);
  }
}

/** Of one whole packet that is in order. */
export function dissect(packet: Uint8Array, version: ProtocolVersion): Shape {
  const first = packet[0] ?? 0;
  const cursor = new Cursor(packet, 1);
  cursor.varint();
  const properties = () => (version === 5 ? [cursor.properties()] : []);
  /** Reason code and properties of 5.0 may be left out. */
  const verdict = () => (cursor.left === 0 ? [] : [cursor.bytes(1), ...(cursor.left === 0 ? [] : properties())]);
  const texts = (behind: number) => {
    const fields: Field[] = [];
    while (cursor.left > 0) fields.push(cursor.text(), ...(behind > 0 ? [cursor.bytes(behind)] : []));
    return fields;
  };
  const rest = () => cursor.bytes(cursor.left);
  switch (first >> 4) {
    case 1:
      return { first, fields: connectFields(cursor, properties) };
    case 3:
      return { first, fields: [cursor.text(), ...((first & 6) > 0 ? [cursor.bytes(2)] : []), ...properties(), rest()] };
    case 4:
    case 5:
    case 6:
    case 7:
      return { first, fields: [cursor.bytes(2), ...verdict()] };
    case 8:
      return { first, fields: [cursor.bytes(2), ...properties(), ...texts(1)] };
    case 10:
      return { first, fields: [cursor.bytes(2), ...properties(), ...texts(0)] };
    case 14:
    case 15:
      return { first, fields: verdict() };
    default:
      return { first, fields: [rest()] };
  }
}

function connectFields(cursor: Cursor, properties: () => Field[]): Field[] {
  const head = [cursor.text(), cursor.bytes(1), cursor.bytes(1), cursor.bytes(2), ...properties(), cursor.text()];
  const flags = head[2]?.kind === "bytes" ? (head[2].bytes[0] ?? 0) : 0;
  const will = (flags & 4) > 0 ? [...properties(), cursor.text(), cursor.text()] : [];
  const user = (flags & 0x80) > 0 ? [cursor.text()] : [];
  const password = (flags & 0x40) > 0 ? [cursor.text()] : [];
  return [...head, ...will, ...user, ...password];
}

export function assemble({ first, fields, declared, padding = 0 }: Shape): Uint8Array {
  const body = Buffer.concat(fields.map(fieldBytes));
  const length = varint(declared ?? body.length);
  for (let count = 0; count < padding; count++) length.push((length.pop() ?? 0) | 0x80, 0);
  return Buffer.concat([Uint8Array.of(first, ...length), body]);
}

function fieldBytes(field: Field): Buffer {
  switch (field.kind) {
    case "bytes":
      return Buffer.from(field.bytes);
    case "text": {
      const length = field.declared ?? Math.min(field.bytes.length, 0xffff);
      return Buffer.concat([Uint8Array.of(length >> 8, length & 0xff), Uint8Array.from(field.bytes)]);
    }
    case "properties": {
      const list = field.list.flatMap(({ id, fields }) => [Uint8Array.of(id), ...fields.map(fieldBytes)]);
      const bytes = Buffer.concat(list);
      return Buffer.concat([Uint8Array.from(varint(field.declared ?? bytes.length)), bytes]);
    }
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...varint(Math.floor(value / 128))];
}

/** Where the packets of a stream begin, and where the last one would have to end. */
export function boundaries(stream: Uint8Array): { readonly starts: readonly number[]; readonly end: number } {
  const starts: number[] = [];
  let at = 0;
  while (at < stream.length) {
    starts.push(at);
    let length = 0;
    let cursor = at + 1;
    for (let factor = 1; ; factor *= 128, cursor++) {
      // A header that is not complete is completed by a byte that ends its length.
      const byte = stream[cursor] ?? 0;
      length += (byte & 0x7f) * factor;
      if (byte < 128 || factor === 128 ** 3) break;
    }
    at = cursor + 1 + length;
  }
  return { starts, end: at };
}
