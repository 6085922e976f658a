// Which retained messages a new subscription gets [MQTT-3.3.1-9], a page at a time: a filter may match a million.

import type { QoS } from "../protocol/packet.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { OrderedKeys } from "../topic/key.ts";
import { topicsMatching } from "../topic/topics-matching.ts";

export interface RetainedReads {
  readonly retainedTopics: OrderedKeys;
  retained(key: string): Uint8Array | undefined;
}

export interface RetainedTerms {
  readonly filter: string;
  readonly qos: QoS;
  readonly identifier: number;
}

export interface Page {
  readonly body: Uint8Array;
  /** Where the next page begins; undefined when this is the last. */
  readonly after: string | undefined;
  /** Keys of messages whose time is over, to be deleted. */
  readonly expired: readonly string[];
}

export const pageMessagesMax = 256;
const pageBytesMax = 256 * 1024;
/** A page ends after this many index look-ups, whatever it found. */
const pageSeeksMax = 4_096;

export function retainedPage(
  reads: RetainedReads,
  terms: RetainedTerms,
  after: string | undefined,
  nowMs: number,
  messagesMax = pageMessagesMax,
): Page {
  const writer = new RecordWriter();
  const expired: string[] = [];
  const identifiers = terms.identifier > 0 ? [terms.identifier] : [];
  const options = { after, limit: Math.min(messagesMax, pageMessagesMax), seeksMax: pageSeeksMax };
  const { keys, next } = topicsMatching(terms.filter, reads.retainedTopics, options);
  for (const key of keys) {
    const record = reads.retained(key);
    if (record === undefined) continue;
    const reader = new RecordReader(record);
    reader.next();
    if (reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs) {
      expired.push(key);
      continue;
    }
    const qos = Math.min(reader.qos, terms.qos) as QoS;
    // RETAIN is 1 on what is sent because of a new subscription [MQTT3-3.3.1-8].
    writer.appendForwarded(reader, qos, true, identifiers);
    if (writer.byteLength >= pageBytesMax) return { body: writer.take(), after: key, expired };
  }
  return { body: writer.take(), after: next, expired };
}
