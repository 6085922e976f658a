// The durable state of a topic shard, and the changes to it.

import type { LastCall } from "../hop/fence.ts";
import type { CallKey } from "../hop/key.ts";
import type { QoS } from "../protocol/packet.ts";
import type { RetainedSizes } from "../retain/quota.ts";
import type { OrderedKeys } from "../topic/key.ts";
import type { RequestReads, StoredRequest } from "./requests.ts";

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

/** One session's part in a shared subscription. */
export type Member = Omit<Route, "noLocal">;

/** Messages kept for a share until a member has taken them. Those of smaller rank are older; `id` tells equals apart. */
export interface GroupRow {
  /** The shared subscription as clients write it: `$share/<group>/<filter>`. */
  readonly share: string;
  readonly rank: number;
  readonly id: number;
  /** Records in `body`, as they were published. */
  readonly count: number;
  readonly body: Uint8Array;
  readonly assigned: Assignment | undefined;
}

/** Of all that is kept for one share; zeros if nothing is. */
export interface GroupTotals {
  readonly messages: number;
  readonly bytes: number;
  readonly rankMax: number;
  readonly idMax: number;
}

export type GroupRowKey = Pick<GroupRow, "share" | "rank" | "id">;

export type AssignedKey = GroupRowKey & Pick<Assignment, "session" | "incarnation">;

/** Who is to take a row. Offered again it carries the same numbers, by which an exactly-once receiver knows it. */
export interface Assignment {
  readonly session: string;
  readonly generation: number;
  /**
   * Granted to the member when it was assigned. It stays, whatever the member subscribes at since: what it may have begun
   * exactly once is no one else's.
   */
  readonly qos: QoS;
  /** Life of the group in which it was assigned: sequences begin anew in each. */
  readonly incarnation: number;
  /** Of the first record; those that follow have the numbers that follow. */
  readonly sequence: number;
}

/** Of what a session has in a shard, that of one generation, or of the earlier ones too. */
interface Generations {
  readonly generation: number;
  /** The session says so itself. Who is told that one is gone knows nothing of others, which clocks may have put below it. */
  readonly earlierToo: boolean;
}

export type GroupChange =
  | { readonly kind: "put-member"; readonly share: string; readonly key: string; readonly member: Member }
  | ({
      readonly kind: "delete-member";
      readonly share: string;
      readonly key: string;
      readonly session: string;
    } & Generations)
  | { readonly kind: "put-group-row"; readonly row: GroupRow }
  | ({ readonly kind: "delete-group-row" } & GroupRowKey)
  | { readonly kind: "delete-group-rows"; readonly share: string };

export interface GroupReads {
  /** Keys of filters that have a shared subscription. */
  readonly filters: OrderedKeys;
  sharesAt(key: string): readonly string[];
  /** In the order of their names. */
  members(key: string, share: string): readonly Member[];
  /** Shares that messages are kept for. */
  shares(): readonly string[];
  totals(share: string): GroupTotals;
  /** Rows that nobody is to take yet, oldest first; behind this one, if any is given. */
  unassigned(share: string, countMax: number, after?: GroupRowKey): readonly GroupRow[];
  /** The others, in the order in which they were assigned. */
  assigned(share: string): readonly AssignedKey[];
  row(key: GroupRowKey): GroupRow | undefined;
}

/** Calls to one target leave in the order of `sequence` within `incarnation`. */
export interface OwedKey {
  readonly target: string;
  readonly incarnation: number;
  readonly sequence: number;
}

/** A delivery that its target has yet to take: one row, and one call. */
export interface OwedCall extends OwedKey {
  readonly parts: readonly OwedPart[];
}

/** A session that is owed something. */
export interface OwedTarget {
  readonly target: string;
  readonly calls: number;
  /** Of their rows. */
  readonly bytes: number;
  readonly newestIncarnation: number;
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

/** Messages of one publisher that are to be published at one time. */
export interface DelayedRow extends RowKey {
  /** Name of the publishing session. */
  readonly publisher: string;
  /** Records in `body`. */
  readonly count: number;
  readonly body: Uint8Array;
}

/** Rows go in the order of these: `id` rises with the rows of one time. */
export interface RowKey {
  readonly dueAtMs: number;
  readonly id: number;
}

/** The last page of delayed messages that was begun to be published: the rows up to this key that are still there. */
export interface Release extends RowKey {
  /** Number of its first message; those that follow have the numbers that follow. */
  readonly sequence: number;
  /** Messages in it. */
  readonly count: number;
}

export interface DelayedTotals {
  readonly messages: number;
  readonly bytes: number;
}

export type DelayedChange =
  /** Behind those of the same time. */
  | { readonly kind: "put-delayed"; readonly row: Omit<DelayedRow, "id"> }
  | { readonly kind: "put-release"; readonly release: Release }
  /** All up to this key. */
  | { readonly kind: "delete-delayed"; readonly upTo: RowKey };

export interface DelayedReads {
  /** When the next are due; undefined if none wait. */
  nextAtMs(): number | undefined;
  totals(): DelayedTotals;
  /** Rows up to a key, the earliest first: as many as the limits allow, but one at least. */
  rows(upTo: RowKey, countMax: number, bytesMax: number): readonly DelayedRow[];
  release(): Release | undefined;
}

export interface RequestChange {
  readonly kind: "put-request";
  readonly id: string;
  readonly request: StoredRequest;
  readonly atMs: number;
}

export type ShardChange =
  | GroupChange
  | DelayedChange
  | RequestChange
  | { readonly kind: "put-route"; readonly key: string; readonly route: Route }
  | ({ readonly kind: "delete-route"; readonly key: string; readonly session: string } & Generations)
  | { readonly kind: "put-retained"; readonly key: string; readonly body: Uint8Array }
  | { readonly kind: "delete-retained"; readonly key: string }
  /** Calls before this one are over. */
  | { readonly kind: "end-earlier-calls"; readonly key: CallKey; readonly atMs: number }
  | { readonly kind: "put-source"; readonly source: string; readonly cursor: StoredCursor }
  /** Those whose name begins so, if they are older. */
  | { readonly kind: "delete-sources"; readonly prefix: string; readonly beforeMs: number }
  /** In the place of what is owed under this key, if anything is. */
  | { readonly kind: "put-owed"; readonly call: OwedCall }
  | { readonly kind: "rename-owed"; readonly from: OwedKey; readonly to: OwedKey }
  | { readonly kind: "delete-owed"; readonly key: OwedKey };

export interface OwedReads {
  /** Sessions that are owed something, and how much. */
  owedTargets(): readonly OwedTarget[];
  /** The first that is owed to it. */
  firstOwed(target: string): OwedCall | undefined;
  owedCall(key: OwedKey): OwedCall | undefined;
  /** Of all that is owed to it, in their order. */
  owedKeys(target: string): readonly OwedKey[];
}

export interface ShardReads extends RetainedSizes, OwedReads {
  /** Keys of filters that have a route. */
  readonly filters: OrderedKeys;
  routesAt(key: string): readonly Route[];
  /** Keys of topics that have a retained message. */
  readonly retainedTopics: OrderedKeys;
  /** The retained message as one record. */
  retained(key: string): Uint8Array | undefined;
  /** The last QoS 2 message of a publisher that was routed, if any. */
  source(source: string): StoredCursor | undefined;
  /** Of a caller, if it ever had doubts. */
  lastCall(source: string): LastCall | undefined;
  readonly groups: GroupReads;
  readonly delayed: DelayedReads;
  readonly requests: RequestReads;
}
