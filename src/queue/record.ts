// One routed message as bytes: the form in which messages travel between objects and lie in a queue segment.
// A batch is records back to back, so that a row, a call and a frame can each carry many messages, and a message is
// encoded once for all of its subscribers: only the few bytes before the topic differ from one to the next.
//
//   u32 length of the rest · u8 flags · [u48 sequence] · [u48 expiry, ms since 1970] · [u16 n, n × u32 identifiers]
//   · u16 topic length · topic · [u32 properties length · properties] · payload

import type { QoS } from "../protocol/packet.ts";

const qosMask = 0x03;
const retainFlag = 0x04;
const sequenceFlag = 0x08;
const expiryFlag = 0x10;
const identifiersFlag = 0x20;
const propertiesFlag = 0x40;

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const none: readonly number[] = [];

/** What a record is made from. `sequence` 0 means none; `expiresAtMs` 0 means never. */
export interface RoutedMessage {
  readonly qos: QoS;
  readonly retain: boolean;
  readonly sequence: number;
  readonly expiresAtMs: number;
  readonly topicBytes: Uint8Array;
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
}

/** So many bytes of a record say when it expires. */
export const recordHeadBytes = 4 + 1 + 6 + 6;

/** When the record that begins so expires; 0: never. */
export function expiryIn(head: Uint8Array): number {
  const flags = head[4] as number;
  if ((flags & expiryFlag) === 0) return 0;
  return readU48(head, flags & sequenceFlag ? 11 : 5);
}

/** Appends records to one growing buffer. */
export class RecordWriter {
  #bytes = new Uint8Array(4096);
  #length = 0;
  count = 0;

  get byteLength(): number {
    return this.#length;
  }

  append(message: RoutedMessage): void {
    const { sequence, expiresAtMs, topicBytes, properties, payload } = message;
    const size =
      5 +
      (sequence > 0 ? 6 : 0) +
      (expiresAtMs > 0 ? 6 : 0) +
      2 +
      topicBytes.length +
      (properties.length > 0 ? 4 + properties.length : 0) +
      payload.length;
    let at = this.#reserve(size);
    const bytes = this.#bytes;
    at = writeU32(bytes, at, size - 4);
    bytes[at++] =
      message.qos |
      (message.retain ? retainFlag : 0) |
      (sequence > 0 ? sequenceFlag : 0) |
      (expiresAtMs > 0 ? expiryFlag : 0) |
      (properties.length > 0 ? propertiesFlag : 0);
    if (sequence > 0) at = writeU48(bytes, at, sequence);
    if (expiresAtMs > 0) at = writeU48(bytes, at, expiresAtMs);
    bytes[at++] = topicBytes.length >>> 8;
    bytes[at++] = topicBytes.length & 0xff;
    bytes.set(topicBytes, at);
    at += topicBytes.length;
    if (properties.length > 0) {
      at = writeU32(bytes, at, properties.length);
      bytes.set(properties, at);
      at += properties.length;
    }
    bytes.set(payload, at);
  }

  /** Appends the record under the reader with another QoS, RETAIN, subscription identifiers, and perhaps sequence. */
  appendForwarded(
    reader: RecordReader,
    qos: QoS,
    retain: boolean,
    identifiers: readonly number[],
    sequenceNow = reader.sequence,
    exactlyOnce = qos === 2,
  ): void {
    // It matters to an exactly-once receiver alone.
    const sequence = exactlyOnce && qos > 0 ? sequenceNow : 0;
    const { expiresAtMs, topicFieldStart, end } = reader;
    const size =
      5 +
      (sequence > 0 ? 6 : 0) +
      (expiresAtMs > 0 ? 6 : 0) +
      (identifiers.length > 0 ? 2 + 4 * identifiers.length : 0) +
      (end - topicFieldStart);
    let at = this.#reserve(size);
    const bytes = this.#bytes;
    at = writeU32(bytes, at, size - 4);
    bytes[at++] =
      qos |
      (retain ? retainFlag : 0) |
      (sequence > 0 ? sequenceFlag : 0) |
      (expiresAtMs > 0 ? expiryFlag : 0) |
      (identifiers.length > 0 ? identifiersFlag : 0) |
      (reader.hasProperties ? propertiesFlag : 0);
    if (sequence > 0) at = writeU48(bytes, at, sequence);
    if (expiresAtMs > 0) at = writeU48(bytes, at, expiresAtMs);
    if (identifiers.length > 0) {
      bytes[at++] = identifiers.length >>> 8;
      bytes[at++] = identifiers.length & 0xff;
      for (const identifier of identifiers) at = writeU32(bytes, at, identifier);
    }
    bytes.set(reader.bytes.subarray(topicFieldStart, end), at);
  }

  /** Appends the record under the reader as it is. */
  appendCopy(reader: RecordReader): void {
    const at = this.#reserve(reader.end - reader.start);
    this.#bytes.set(reader.bytes.subarray(reader.start, reader.end), at);
  }

  /** The records so far, in a buffer of their own; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.count = 0;
    return taken;
  }

  #reserve(size: number): number {
    const at = this.#length;
    if (at + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length = at + size;
    this.count++;
    return at;
  }
}

/** Walks records without allocating: after `next()` returned true the fields describe the record it stands on. */
export class RecordReader {
  readonly bytes: Uint8Array;
  start = 0;
  end: number;
  qos: QoS = 0;
  retain = false;
  sequence = 0;
  expiresAtMs = 0;
  identifiers: readonly number[] = none;
  hasProperties = false;
  topicFieldStart = 0;
  #topicStart = 0;
  #topicEnd = 0;
  #propertiesEnd = 0;
  #topic = "";
  #topicSource: Uint8Array = new Uint8Array(0);

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.end = offset;
  }

  next(): boolean {
    const { bytes } = this;
    let at = this.end;
    if (at >= bytes.length) return false;
    this.start = at;
    this.end = at + 4 + readU32(bytes, at);
    // Not a number where bytes are missing, hence the form of the comparison.
    if (!(this.end <= bytes.length)) throw new RangeError("a record reaches beyond its batch");
    at += 4;
    const flags = bytes[at++] as number;
    this.qos = (flags & qosMask) as QoS;
    this.retain = (flags & retainFlag) !== 0;
    this.sequence = 0;
    this.expiresAtMs = 0;
    this.identifiers = none;
    if (flags & sequenceFlag) {
      this.sequence = readU48(bytes, at);
      at += 6;
    }
    if (flags & expiryFlag) {
      this.expiresAtMs = readU48(bytes, at);
      at += 6;
    }
    if (flags & identifiersFlag) {
      const count = readU16(bytes, at);
      at += 2;
      const identifiers = new Array<number>(count);
      for (let index = 0; index < count; index++, at += 4) identifiers[index] = readU32(bytes, at);
      this.identifiers = identifiers;
    }
    this.topicFieldStart = at;
    this.#topicStart = at + 2;
    this.#topicEnd = at + 2 + readU16(bytes, at);
    at = this.#topicEnd;
    this.hasProperties = (flags & propertiesFlag) !== 0;
    this.#propertiesEnd = this.hasProperties ? at + 4 + readU32(bytes, at) : at;
    if (!(this.#propertiesEnd <= this.end)) throw new RangeError("a field reaches beyond its record");
    return true;
  }

  get topicBytes(): Uint8Array {
    return this.bytes.subarray(this.#topicStart, this.#topicEnd);
  }

  /** The topic as text. Streams repeat topics, so the last one is kept and compared by its bytes. */
  get topic(): string {
    const { bytes } = this;
    const source = this.#topicSource;
    const length = this.#topicEnd - this.#topicStart;
    let same = source.length === length && length > 0;
    for (let index = 0; same && index < length; index++) same = source[index] === bytes[this.#topicStart + index];
    if (!same) {
      this.#topicSource = this.topicBytes;
      this.#topic = decoder.decode(this.#topicSource);
    }
    return this.#topic;
  }

  get properties(): Uint8Array {
    const start = this.hasProperties ? this.#topicEnd + 4 : this.#topicEnd;
    return this.bytes.subarray(start, this.#propertiesEnd);
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(this.#propertiesEnd, this.end);
  }

  get payloadLength(): number {
    return this.end - this.#propertiesEnd;
  }
}

export function countRecords(body: Uint8Array): number {
  let count = 0;
  for (const reader = new RecordReader(body); reader.next(); ) count++;
  return count;
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function writeU32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

function writeU48(bytes: Uint8Array, at: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  return writeU32(bytes, at + 2, value >>> 0);
}

function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1_00_00_00 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

function readU48(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 2);
}

/** The one record of a batch, with another sequence and expiry. */
export function stamped(body: Uint8Array, sequence: number, expiresAtMs: number): Uint8Array {
  const reader = new RecordReader(body);
  reader.next();
  const { qos, retain, topicBytes, properties, payload } = reader;
  const writer = new RecordWriter();
  writer.append({ qos, retain, sequence, expiresAtMs, topicBytes, properties, payload });
  return writer.take();
}
