// Decides what a run with kills showed: compares what was acknowledged with what each consumer received.

import type { Delivery } from "./consumer.ts";

export interface PublishedStream {
  readonly quality: 1 | 2;
  readonly messages: number;
  readonly acknowledged: ReadonlySet<number>;
  readonly refused: ReadonlySet<number>;
  readonly sessionsForgotten: number;
}

export interface ConsumedStream {
  readonly name: string;
  readonly deliveries: readonly Delivery[];
  readonly sessionsForgotten: number;
}

export interface ConsumerVerdict {
  readonly consumer: string;
  readonly quality: 1 | 2;
  /** Acknowledged to the publisher and never delivered. */
  readonly lost: number;
  /** Delivered more than once; allowed at QoS 1 only. */
  readonly repeated: number;
  /** First deliveries that came after a later message of the same publisher, topic and QoS. */
  readonly outOfOrder: number;
  readonly delivered: number;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly messages: number;
  readonly refused: number;
  readonly sessionsForgotten: number;
  readonly consumers: readonly ConsumerVerdict[];
  readonly lost: number;
  readonly repeatedAtQualityTwo: number;
  readonly outOfOrder: number;
  readonly passed: boolean;
}

function judgeConsumer(stream: PublishedStream, consumed: ConsumedStream): ConsumerVerdict {
  const seen = new Set<number>();
  const latest = new Map<string, number>();
  let repeated = 0;
  let outOfOrder = 0;
  for (const { topic, sequence, quality } of consumed.deliveries) {
    if (quality !== stream.quality) continue;
    if (seen.has(sequence)) {
      repeated += 1;
      continue;
    }
    seen.add(sequence);
    if (sequence < (latest.get(topic) ?? -1)) outOfOrder += 1;
    else latest.set(topic, sequence);
  }
  let lost = 0;
  for (const sequence of stream.acknowledged) if (!seen.has(sequence)) lost += 1;
  return { consumer: consumed.name, quality: stream.quality, lost, repeated, outOfOrder, delivered: seen.size };
}

export function judge(streams: readonly PublishedStream[], consumed: readonly ConsumedStream[]): Verdict {
  const consumers = consumed.flatMap((each) => streams.map((stream) => judgeConsumer(stream, each)));
  const total = <Item>(items: readonly Item[], value: (item: Item) => number): number =>
    items.reduce((sum, item) => sum + value(item), 0);
  const messages = total(streams, (stream) => stream.messages);
  const acknowledged = total(streams, (stream) => stream.acknowledged.size);
  const sessionsForgotten = total([...streams, ...consumed], (one) => one.sessionsForgotten);
  const lost = total(consumers, (one) => one.lost);
  const outOfOrder = total(consumers, (one) => one.outOfOrder);
  const repeatedAtQualityTwo = total(consumers, (one) => (one.quality === 2 ? one.repeated : 0));
  return {
    acknowledged,
    messages,
    refused: total(streams, (stream) => stream.refused.size),
    sessionsForgotten,
    consumers,
    lost,
    repeatedAtQualityTwo,
    outOfOrder,
    passed: acknowledged === messages && lost + outOfOrder + repeatedAtQualityTwo + sessionsForgotten === 0,
  };
}
