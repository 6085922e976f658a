// Decides what a run with kills showed: compares what was acknowledged, or left as a will, with what each audience
// received. An audience is one consumer, or a group that shares a subscription and counts as one.

import type { Delivery } from "./streams.ts";
import type { WillLife } from "./will-client.ts";

export interface PublishedStream {
  readonly name: string;
  readonly quality: 1 | 2;
  /** Whether its messages are promised in order, topic by topic. */
  readonly isOrdered: boolean;
  readonly messages: number;
  readonly acknowledged: ReadonlySet<number>;
  readonly refused: ReadonlySet<number>;
  readonly sessionsForgotten: number;
}

export interface Audience {
  readonly name: string;
  readonly isOrdered: boolean;
  readonly deliveries: readonly Delivery[];
  readonly sessionsForgotten: number;
}

export interface StreamVerdict {
  readonly audience: string;
  readonly stream: string;
  readonly quality: 1 | 2;
  /** Acknowledged to the publisher and never delivered. */
  readonly lost: number;
  /** Delivered more than once; allowed at QoS 1 only. */
  readonly repeated: number;
  /** First deliveries that came after a later message of the same publisher, topic and QoS. */
  readonly outOfOrder: number;
  readonly delivered: number;
}

export interface WillsOfClient {
  readonly stream: string;
  readonly lives: readonly WillLife[];
}

export interface WillVerdict {
  /** Connections that ended without a DISCONNECT: each owes its will once. */
  readonly owed: number;
  /** Connections that ended with one: none of their wills may come. */
  readonly takenBack: number;
  readonly lost: number;
  readonly repeated: number;
  readonly uncalledFor: number;
}

export interface RetainedVerdict {
  /** Values looked at: topics, times subscribers that came after a kill or at the end. */
  readonly looked: number;
  readonly wrong: number;
}

export interface Evidence {
  readonly streams: readonly PublishedStream[];
  readonly audiences: readonly Audience[];
  /** With the deliveries to the one who subscribed to the wills. */
  readonly wills: { readonly clients: readonly WillsOfClient[]; readonly deliveries: readonly Delivery[] };
  readonly retained: RetainedVerdict;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly messages: number;
  readonly refused: number;
  readonly sessionsForgotten: number;
  readonly streams: readonly StreamVerdict[];
  readonly lost: number;
  readonly repeatedAtQualityTwo: number;
  readonly outOfOrder: number;
  readonly wills: WillVerdict;
  readonly retained: RetainedVerdict;
  readonly passed: boolean;
}

function judgeStream(stream: PublishedStream, audience: Audience): StreamVerdict {
  const seen = new Set<number>();
  const latest = new Map<string, number>();
  const isOrdered = stream.isOrdered && audience.isOrdered;
  let repeated = 0;
  let outOfOrder = 0;
  for (const { stream: name, topic, sequence, quality } of audience.deliveries) {
    if (name !== stream.name || quality !== stream.quality) continue;
    if (seen.has(sequence)) {
      repeated += 1;
      continue;
    }
    seen.add(sequence);
    if (sequence > (latest.get(topic) ?? -1)) latest.set(topic, sequence);
    else if (isOrdered) outOfOrder += 1;
  }
  let lost = 0;
  for (const sequence of stream.acknowledged) if (!seen.has(sequence)) lost += 1;
  const { name, quality } = stream;
  return { audience: audience.name, stream: name, quality, lost, repeated, outOfOrder, delivered: seen.size };
}

export function judgeWills(clients: readonly WillsOfClient[], deliveries: readonly Delivery[]): WillVerdict {
  const counts = new Map<string, number>();
  for (const { stream, sequence } of deliveries) {
    counts.set(`${stream}:${sequence}`, (counts.get(`${stream}:${sequence}`) ?? 0) + 1);
  }
  const verdict = { owed: 0, takenBack: 0, lost: 0, repeated: 0, uncalledFor: 0 };
  for (const { stream, lives } of clients) {
    for (const [life, { ending }] of lives.entries()) {
      const count = counts.get(`${stream}:${life}`) ?? 0;
      if (ending === "abnormal") verdict.owed += 1;
      if (ending === "orderly") verdict.takenBack += 1;
      if (ending === "abnormal" && count === 0) verdict.lost += 1;
      if (ending === "orderly") verdict.uncalledFor += count;
      else verdict.repeated += Math.max(0, count - 1);
    }
  }
  return verdict;
}

export function judge({ streams, audiences, wills, retained }: Evidence): Verdict {
  const judged = audiences.flatMap((audience) => streams.map((stream) => judgeStream(stream, audience)));
  const messages = total(streams, (stream) => stream.messages);
  const acknowledged = total(streams, (stream) => stream.acknowledged.size);
  const sessionsForgotten = total([...streams, ...audiences], (one) => one.sessionsForgotten);
  const lost = total(judged, (one) => one.lost);
  const outOfOrder = total(judged, (one) => one.outOfOrder);
  const repeatedAtQualityTwo = total(judged, (one) => (one.quality === 2 ? one.repeated : 0));
  const ofWills = judgeWills(wills.clients, wills.deliveries);
  const faults = lost + outOfOrder + repeatedAtQualityTwo + sessionsForgotten + retained.wrong;
  return {
    acknowledged,
    messages,
    refused: total(streams, (stream) => stream.refused.size),
    sessionsForgotten,
    streams: judged,
    lost,
    repeatedAtQualityTwo,
    outOfOrder,
    wills: ofWills,
    retained,
    passed: acknowledged === messages && faults + ofWills.lost + ofWills.repeated + ofWills.uncalledFor === 0,
  };
}

export function total<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
