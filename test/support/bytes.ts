// Builds MQTT packets byte by byte, also wrong ones that no library would encode.

export function text(value: string): Buffer {
  return withLength(Buffer.from(value, "utf8"));
}

/** A two-byte length and the bytes, whether or not they are UTF-8. */
export function withLength(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

export function variableInteger(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** A packet with the right length. */
export function packet(firstByte: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([firstByte]), variableInteger(body.length), body]);
}

export function bytes(...values: readonly number[]): Buffer {
  return Buffer.from(values);
}

export interface ConnectParts {
  readonly name?: string;
  readonly level?: number;
  readonly flags?: number;
  readonly keepAlive?: number;
  readonly properties?: readonly number[];
  readonly payload?: readonly Uint8Array[];
}

let counter = 0;

/** A CONNECT, right in everything that is not given. */
export function connect(version: number, parts: ConnectParts = {}): Buffer {
  counter += 1;
  const { name = version === 3 ? "MQIsdp" : "MQTT", level = version, flags = 0x02, keepAlive = 60 } = parts;
  const { properties = [], payload = [text(`bad${process.pid}x${counter}`)] } = parts;
  const head = bytes(level, flags, keepAlive >> 8, keepAlive & 0xff);
  const propertyBytes = version === 5 ? [bytes(properties.length, ...properties)] : [];
  return packet(0x10, text(name), head, ...propertyBytes, ...payload);
}

/** The property length of a packet in 5.0; nothing in 3.x. */
export function noProperties(version: number): Buffer {
  return version === 5 ? bytes(0) : bytes();
}
