// What a session asks of a topic shard. Items of one lane leave in order: a SUBSCRIBE that follows a PUBLISH sees it.

import type { QoS } from "../protocol/packet.ts";
import type { ReasonCode } from "../protocol/reason.ts";
import { concatenate, RecordWriter, type RoutedMessage } from "../queue/record.ts";
import type { PendingAcknowledgement } from "./acknowledgements.ts";
import type { DueWill, HandBack } from "./changes.ts";
import type { Replay } from "./replays.ts";

export interface RouteEntry {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifier: number;
  /** Whether the shard answers with the retained messages that match [MQTT-3.3.1-9] [MQTT-3.3.1-10]. */
  readonly sendRetained: boolean;
}

/** Epoch of an asker without a connection. */
export const nobody = -1;

/** A SUBSCRIBE or UNSUBSCRIBE in progress: answered when every shard concerned has confirmed. */
export interface Operation {
  readonly kind: "subscribe" | "unsubscribe";
  /** Of the connection that waits for the answer. */
  readonly epoch: number;
  readonly packetId: number;
  readonly reasons: readonly ReasonCode[];
  /** Of whoever else waits for the answer: see Effects. */
  readonly ticket?: number | undefined;
  /** CONNACK waits for it: see src/session/opening.ts. */
  readonly opens?: true;
  /** Its client is to be told what stands under $SYS when it has been answered. */
  readonly asksForSys?: boolean;
  /** Filters to forget once an UNSUBSCRIBE is confirmed. */
  readonly filters: readonly string[];
  /** Filters of new subscriptions, to be marked as confirmed with a SUBSCRIBE. */
  readonly confirms?: readonly string[];
  callsLeft: number;
}

export type LaneItem =
  | PublishItem
  | {
      readonly kind: "subscribe";
      readonly generation: number;
      readonly entries: readonly RouteEntry[];
      readonly operation: Operation | undefined;
    }
  | {
      readonly kind: "unsubscribe";
      readonly generation: number;
      readonly filters: readonly string[];
      readonly operation: Operation | undefined;
    }
  /** So many messages of its shared subscriptions can be sent to the client at once: none when it is not connected. */
  | { readonly kind: "attend"; readonly generation: number; readonly room: number }
  | { readonly kind: "hand-back"; readonly handBack: HandBack }
  | ReplayItem;

/** Asks for the next page of retained messages for a filter. */
export interface ReplayItem {
  readonly kind: "replay";
  readonly generation: number;
  readonly entry: RouteEntry;
  readonly replay: Replay;
}

export interface PublishItem {
  readonly kind: "publish";
  readonly body: Uint8Array;
  readonly count: number;
  /** Aligned with the records; undefined for QoS 0. */
  readonly pending: readonly (PendingAcknowledgement | undefined)[];
  /** Of the publishing session. */
  readonly generation: number;
  /** Of the numbers in it; undefined if it has none, or a will's. */
  readonly stream: number | undefined;
  /** The one record is this will: its row goes when the shard has confirmed. */
  readonly will: DueWill | undefined;
  /** What it counts for while it is on its way. */
  readonly weight: number;
}

/**
 * What a message on its way takes in memory besides its record, rounded up from what was measured on V8: of one that will be
 * acknowledged, what is remembered for that, and its places in two lists (89 bytes; at QoS 2, with its identifier, 132); of another, its
 * place in one; and, once for the messages of a step to a shard, the item, its lists and its buffer (466).
 */
export const acknowledgementBytes = 128;
const placeBytes = 8;
const itemBytes = 512;

export interface Routing {
  readonly shard: number;
  readonly item: LaneItem;
}

/** Collects what one step sends to the shards: all its messages to a shard as one item. */
export class Outbox {
  readonly #routings: ({ shard: number; item: LaneItem } | { shard: number; open: OpenBatch })[] = [];
  readonly #open = new Map<number, OpenBatch>();

  /** How many bytes it adds to what is on its way, with what it takes in memory besides. */
  publish(
    shard: number,
    generation: number,
    message: RoutedMessage,
    pending: PendingAcknowledgement | undefined,
  ): number {
    const stream = pending?.entry?.stream;
    let batch = this.#open.get(shard);
    if (batch === undefined || batch.writer.byteLength >= itemBytesMax || areDifferent(batch.stream, stream)) {
      batch = { writer: new RecordWriter(), pending: [], generation, stream, weight: 0 };
      this.#open.set(shard, batch);
      this.#routings.push({ shard, open: batch });
    }
    const { writer } = batch;
    const before = writer.byteLength;
    writer.append(message);
    batch.pending.push(pending);
    batch.stream ??= stream;
    const besides = (before === 0 ? itemBytes : 0) + (pending === undefined ? placeBytes : acknowledgementBytes);
    const added = writer.byteLength - before + besides;
    batch.weight += added;
    return added;
  }

  push(shard: number, item: LaneItem): void {
    this.#open.delete(shard);
    this.#routings.push({ shard, item });
  }

  take(): Routing[] {
    return this.#routings.map((routing) => {
      if ("item" in routing) return routing;
      const { writer, pending, generation, stream, weight } = routing.open;
      const { count } = writer;
      const body = writer.take();
      const item = { kind: "publish" as const, body, count, pending, generation, stream, will: undefined, weight };
      return { shard: routing.shard, item };
    });
  }
}

interface OpenBatch {
  readonly writer: RecordWriter;
  readonly pending: (PendingAcknowledgement | undefined)[];
  readonly generation: number;
  stream: number | undefined;
  weight: number;
}

/** Numbers of two streams do not go in one call. */
function areDifferent(stream: number | undefined, other: number | undefined): boolean {
  return stream !== undefined && other !== undefined && stream !== other;
}

/** A call carries no more than this, unless a single message is larger. */
export const callBytesMax = 1024 * 1024;
const itemBytesMax = 256 * 1024;

/** How many waiting items leave in one call: as many messages of one session as fit, or one other request. */
export function packItems(waiting: readonly LaneItem[]): number {
  let count = 0;
  let bytes = 0;
  let generation = 0;
  let stream: number | undefined;
  for (const item of waiting) {
    // A will is a source of its own.
    if (item.kind !== "publish" || item.will !== undefined) return Math.max(count, 1);
    bytes += item.body.length;
    const isOther = item.generation !== generation || areDifferent(stream, item.stream);
    if (count > 0 && (bytes > callBytesMax || isOther)) return count;
    generation = item.generation;
    stream ??= item.stream;
    count++;
  }
  return count;
}

/** Of the messages that leave together. */
export function streamOf(items: readonly PublishItem[]): number {
  return items.find(({ stream }) => stream !== undefined)?.stream ?? 0;
}

export function joinBodies(items: readonly PublishItem[]): Uint8Array {
  return concatenate(items.map((item) => item.body));
}
