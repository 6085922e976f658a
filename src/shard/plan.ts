// From a batch of published messages to what each session gets and what is retained. A batch that goes to many sessions
// on the same terms is encoded once.

import type { QoS } from "../protocol/packet.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { RetainedQuota } from "../retain/quota.ts";
import { keyTopic, topicKey } from "../topic/key.ts";
import type { ShardChange } from "./changes.ts";
import { delayOf } from "./delayed.ts";
import type { Destinations, Routes, Target, Terms } from "./routes.ts";

export interface Delivery {
  readonly session: string;
  readonly generation: number;
  readonly body: Uint8Array;
  /** Records in `body`. */
  readonly count: number;
  /** For each record of `body` its index in the batch; undefined when they are the same. */
  readonly indexes: readonly number[] | undefined;
  /** Whether any record is of QoS 1 or 2. */
  readonly guaranteed: boolean;
}

/** What goes to one member or another of a group, as it was published. */
export interface SharedBatch {
  readonly share: string;
  /** Of each record in `body` its index in the batch. */
  readonly indexes: readonly number[];
  readonly body: Uint8Array;
  /** Those of QoS 0, which nobody keeps. */
  readonly loose: Uint8Array;
}

export interface Plan {
  /** There are messages to be delayed, which go nowhere yet. */
  readonly delays: boolean;
  readonly deliveries: readonly Delivery[];
  readonly shared: readonly SharedBatch[];
  readonly changes: readonly ShardChange[];
  /** Retained messages that are deleted because their time is over, and their room was wanted. */
  readonly expired: number;
  /** Topics whose message the shard has no room to keep. */
  readonly unretained: readonly string[];
  /** Of each message to them that was to be kept its index in the batch. */
  readonly unretainedIndexes: readonly number[];
}

type RetainedChange = Extract<ShardChange, { readonly kind: "put-retained" | "delete-retained" }>;

interface ToRetain {
  readonly change: RetainedChange;
  /** 0: never. */
  readonly expiresAtMs: number;
}

export interface Batch {
  readonly publisher: string;
  readonly body: Uint8Array;
  /** QoS 2 messages up to here were routed before: they are left out. Asked only if there are any. */
  readonly routedUpTo: () => number;
  /** An earlier attempt may have been routed: QoS 0 messages are left out. */
  readonly repeated: boolean;
  /** Undefined if what is to be retained was before. */
  readonly quota: RetainedQuota | undefined;
  /** Whether `$delayed/<seconds>/<topic>` asks for a delay. */
  readonly delays: boolean;
  /** Whether receivers are to know these messages by their numbers below QoS 2 as well. */
  readonly exactlyOnce?: boolean;
}

export function plan(routes: Routes, batch: Batch): Plan {
  const reader = new RecordReader(batch.body);
  const retained = new Map<string, ToRetain>();
  const retainedAt: [index: number, key: string][] = [];
  /** By index in the batch; a hole where a message is left out. */
  const destinationsOf: Destinations[] = [];
  let first: Destinations | undefined;
  let mixed = false;
  let isShared = false;
  let planned = 0;
  let routedUpTo: number | undefined;
  let count = 0;
  let delays = false;
  for (let index = 0; reader.next(); index++, count++) {
    if (batch.delays && delayOf(reader) !== undefined) {
      delays = true;
      continue;
    }
    if (reader.sequence > 0) {
      routedUpTo ??= batch.routedUpTo();
      if (reader.sequence <= routedUpTo) continue;
    }
    if (reader.qos === 0 && batch.repeated) continue;
    if (reader.retain && batch.quota !== undefined) {
      const change = retain(reader);
      retained.set(change.key, { change, expiresAtMs: reader.expiresAtMs });
      retainedAt.push([index, change.key]);
    }
    const destinations = routes.destinations(reader.topic);
    destinationsOf[index] = destinations;
    first ??= destinations;
    if (destinations !== first) mixed = true;
    if (destinations.shares.length > 0) isShared = true;
    planned++;
  }
  const isWhole = !mixed && planned === count;
  const deliveries = isWhole ? planForAll(batch, first?.targets ?? []) : planForEach(batch, destinationsOf);
  const shared = isShared ? planForGroups(batch, destinationsOf) : [];
  return { delays, deliveries, shared, ...withinQuota(retained, retainedAt, batch.quota) };
}

function planForGroups(batch: Batch, destinationsOf: readonly Destinations[]): SharedBatch[] {
  const batches = new Map<string, { indexes: number[]; kept: RecordWriter; loose: RecordWriter }>();
  const reader = new RecordReader(batch.body);
  for (let index = 0; reader.next(); index++) {
    for (const share of destinationsOf[index]?.shares ?? []) {
      let of = batches.get(share);
      if (of === undefined) {
        of = { indexes: [], kept: new RecordWriter(), loose: new RecordWriter() };
        batches.set(share, of);
      }
      if (reader.qos > 0) of.indexes.push(index);
      (reader.qos > 0 ? of.kept : of.loose).appendCopy(reader);
    }
  }
  return Array.from(batches, ([share, { indexes, kept, loose }]) => {
    return { share, indexes, body: kept.take(), loose: loose.take() };
  });
}

/** The last message to each topic is what is retained. */
function withinQuota(
  retained: ReadonlyMap<string, ToRetain>,
  retainedAt: readonly (readonly [index: number, key: string])[],
  quota: RetainedQuota | undefined,
): Pick<Plan, "changes" | "expired" | "unretained" | "unretainedIndexes"> {
  const changes: ShardChange[] = [];
  const unretained = new Set<string>();
  const intake = retained.size === 0 ? undefined : quota?.intake(retained);
  for (const [key, { change, expiresAtMs }] of retained) {
    const bytes = change.kind === "put-retained" ? change.body.length : 0;
    if (intake?.take(key, bytes, expiresAtMs)) changes.push(change);
    else unretained.add(key);
  }
  const expired = intake?.expired ?? [];
  return {
    changes: [...expired.map((key): ShardChange => ({ kind: "delete-retained", key })), ...changes],
    expired: expired.length,
    unretained: Array.from(unretained, keyTopic),
    unretainedIndexes: retainedAt.filter(([, key]) => unretained.has(key)).map(([index]) => index),
  };
}

/** Part of what one session gets: a delivery but for its address. */
type Chunk = Omit<Delivery, "session" | "generation">;

/** Every message of the batch has the same targets: the common case. */
function planForAll(batch: Batch, targets: readonly Target[]): Delivery[] {
  const encoded = new Map<string, readonly Chunk[]>();
  const deliveries: Delivery[] = [];
  for (const { session, generation, own, others } of targets) {
    const terms = session === batch.publisher ? own : others;
    if (terms === undefined) continue;
    const name = `${terms.qos} ${terms.retainAsPublished} ${terms.identifiers.join()}`;
    let chunks = encoded.get(name);
    if (chunks === undefined) {
      chunks = onTerms(batch, terms);
      encoded.set(name, chunks);
    }
    for (const chunk of chunks) deliveries.push({ session, generation, ...chunk });
  }
  return deliveries;
}

/** The batch on one subscription's terms: itself, if no byte would differ. */
function onTerms({ body, exactlyOnce }: Batch, terms: Terms): readonly Chunk[] {
  const reader = new RecordReader(body);
  let same = terms.identifiers.length === 0;
  let guaranteed = false;
  let count = 0;
  for (; reader.next(); count++) {
    if (reader.qos > terms.qos || (reader.retain && !terms.retainAsPublished)) same = false;
    if (reader.qos > 0 && terms.qos > 0) guaranteed = true;
  }
  if (same) return [{ body, count, indexes: undefined, guaranteed }];
  const writer = new ChunkWriter(exactlyOnce);
  const again = new RecordReader(body);
  for (let index = 0; again.next(); index++) writer.append(again, terms, index);
  return writer.finish();
}

function planForEach(batch: Batch, destinationsOf: readonly Destinations[]): Delivery[] {
  const writers = new Map<string, { readonly target: Target; readonly writer: ChunkWriter }>();
  const reader = new RecordReader(batch.body);
  for (let index = 0; reader.next(); index++) {
    for (const target of destinationsOf[index]?.targets ?? []) {
      const terms = target.session === batch.publisher ? target.own : target.others;
      if (terms === undefined) continue;
      const name = `${target.generation} ${target.session}`;
      let known = writers.get(name);
      if (known === undefined) {
        known = { target, writer: new ChunkWriter(batch.exactlyOnce) };
        writers.set(name, known);
      }
      known.writer.append(reader, terms, index);
    }
  }
  return Array.from(writers.values(), ({ target: { session, generation }, writer }) =>
    writer.finish().map((chunk) => ({ session, generation, ...chunk })),
  ).flat();
}

/** A delivery becomes a row somewhere: many identifiers can make it much larger than the batch it comes from. */
const chunkBytesMax = 1024 * 1024;
const headerBytesMax = 32;

/** Writes records on a subscription's terms, in chunks of bounded size. */
class ChunkWriter {
  readonly #chunks: Chunk[] = [];
  readonly #writer = new RecordWriter();
  #indexes: number[] = [];
  #guaranteed = false;
  readonly #exactlyOnce: boolean | undefined;

  constructor(exactlyOnce: boolean | undefined) {
    this.#exactlyOnce = exactlyOnce;
  }

  append(reader: RecordReader, terms: Terms, index: number): void {
    const size = reader.end - reader.start + 4 * terms.identifiers.length + headerBytesMax;
    if (this.#writer.byteLength + size > chunkBytesMax) this.#close();
    // [MQTT-3.8.4-8] [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    const qos = Math.min(reader.qos, terms.qos) as QoS;
    const retain = reader.retain && terms.retainAsPublished;
    this.#writer.appendForwarded(reader, qos, retain, terms.identifiers, reader.sequence, this.#exactlyOnce);
    this.#indexes.push(index);
    if (qos > 0) this.#guaranteed = true;
  }

  finish(): readonly Chunk[] {
    this.#close();
    return this.#chunks;
  }

  #close(): void {
    const indexes = this.#indexes;
    if (indexes.length === 0) return;
    const body = this.#writer.take();
    this.#chunks.push({ body, count: indexes.length, indexes, guaranteed: this.#guaranteed });
    this.#indexes = [];
    this.#guaranteed = false;
  }
}

/** RETAIN 1 replaces the topic's retained message; an empty payload removes it [MQTT-3.3.1-5] [MQTT-3.3.1-6]. */
function retain(reader: RecordReader): RetainedChange {
  const key = topicKey(reader.topic);
  if (reader.payloadLength === 0) return { kind: "delete-retained", key };
  const { qos, expiresAtMs, topicBytes, properties, payload } = reader;
  const writer = new RecordWriter();
  writer.append({ qos, retain: true, sequence: 0, expiresAtMs, topicBytes, properties, payload });
  return { kind: "put-retained", key, body: writer.take() };
}
