// The durable state of a topic shard, and the changes to it.

import type { QoS } from "../protocol/packet.ts";
import type { RetainedSizes } from "../retain/quota.ts";
import type { OrderedKeys } from "../topic/key.ts";

/** One session's subscription, as the shard routes by it. */
export interface Route {
  readonly session: string;
  /** Of the session that subscribed: tells it from later ones of the same client id. */
  readonly generation: number;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifier: number;
}

/** A delivery that its target has yet to take, in the order of `sequence` within `incarnation`. */
export interface OwedCall {
  readonly target: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly parts: readonly OwedPart[];
}

export interface OwedPart {
  readonly publisher: string;
  readonly publisherGeneration: number;
  readonly generation: number;
  readonly body: Uint8Array;
}

/** How far a publisher's QoS 2 messages were routed. */
export interface StoredCursor {
  readonly generation: number;
  readonly sequence: number;
  /** When; a cursor that has not moved for long is forgotten. */
  readonly atMs: number;
}

export type ShardChange =
  | { readonly kind: "put-route"; readonly key: string; readonly route: Route }
  /** Only if it is of this generation or an earlier one. */
  | { readonly kind: "delete-route"; readonly key: string; readonly session: string; readonly generation: number }
  | { readonly kind: "put-retained"; readonly key: string; readonly body: Uint8Array }
  | { readonly kind: "delete-retained"; readonly key: string }
  | { readonly kind: "put-source"; readonly source: string; readonly cursor: StoredCursor }
  | { readonly kind: "put-owed"; readonly call: OwedCall }
  | { readonly kind: "delete-owed"; readonly call: Omit<OwedCall, "parts"> };

export interface ShardReads extends RetainedSizes {
  /** Keys of filters that have a route. */
  readonly filters: OrderedKeys;
  routesAt(key: string): readonly Route[];
  /** Keys of topics that have a retained message. */
  readonly retainedTopics: OrderedKeys;
  /** The retained message as one record. */
  retained(key: string): Uint8Array | undefined;
  /** The last QoS 2 message of a publisher that was routed, if any. */
  source(source: string): Omit<StoredCursor, "atMs"> | undefined;
  /** Sessions that are owed something, and in how many calls. */
  owedTargets(): readonly { readonly target: string; readonly calls: number }[];
  owedCalls(target: string, countMax: number): readonly OwedCall[];
}
