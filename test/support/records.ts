// Routed messages as text, for scripts and tables: "topic:payload q1 retain seq=5 exp=60000". `exp` is a time in ms.

import { EMPTY_BYTES, type QoS } from "../../src/protocol/packet.ts";
import { RecordReader, RecordWriter, type RoutedMessage } from "../../src/queue/record.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Words and `name=value` pairs. */
export class Words {
  readonly words: readonly string[];

  constructor(text: string) {
    this.words = text.split(/\s+/).filter((word) => word !== "");
  }

  get first(): string {
    return this.words[0] ?? "";
  }

  has(word: string): boolean {
    return this.words.includes(word);
  }

  value(name: string): string | undefined {
    return this.words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  number(name: string, fallback: number): number {
    const value = this.value(name);
    return value === undefined ? fallback : Number(value);
  }

  /** "q1". */
  get qos(): QoS {
    return Number(this.words.find((word) => /^q[012]$/.test(word))?.[1] ?? 0) as QoS;
  }

  /** "#7". */
  get packetId(): number {
    return Number(this.words.find((word) => /^#\d+$/.test(word))?.slice(1) ?? 0);
  }
}

/** "topic:payload"; the payload may be left out, and `3000*x` is 3,000 times x. */
export function splitMessage(word: string): { topic: string; payload: Uint8Array } {
  const [topic = "", payload = ""] = word.split(":");
  const repeated = /^(\d+)\*(.)$/.exec(payload);
  return { topic, payload: utf8(repeated === null ? payload : (repeated[2] ?? "").repeat(Number(repeated[1]))) };
}

export function message(text: string): RoutedMessage {
  const words = new Words(text);
  const { topic, payload } = splitMessage(words.first);
  return {
    qos: words.qos,
    retain: words.has("retain"),
    sequence: words.number("seq", 0),
    expiresAtMs: words.number("exp", 0),
    topicBytes: utf8(topic),
    properties: EMPTY_BYTES,
    payload,
  };
}

/** One batch. */
export function records(...texts: readonly string[]): Uint8Array {
  const writer = new RecordWriter();
  for (const text of texts) writer.append(message(text));
  return writer.take();
}

export function payloadText(payload: Uint8Array): string {
  return payload.length > 40 ? `${payload.length}*${textOf(payload.subarray(0, 1))}` : textOf(payload);
}

/** The records of a batch, written as they are for `records`. */
export function recordTexts(body: Uint8Array): string[] {
  const texts: string[] = [];
  const reader = new RecordReader(body);
  while (reader.next()) {
    const words = [`${reader.topic}:${payloadText(reader.payload)}`, `q${reader.qos}`];
    if (reader.retain) words.push("retain");
    if (reader.sequence > 0) words.push(`seq=${reader.sequence}`);
    if (reader.expiresAtMs > 0) words.push(`exp=${reader.expiresAtMs}`);
    if (reader.identifiers.length > 0) words.push(`ids=${reader.identifiers.join()}`);
    texts.push(words.join(" "));
  }
  return texts;
}
