// The durable state of a session, and the changes a step asks for. All changes of one step are one transaction.

import type { Access } from "../auth/access.ts";
import type { LimitOverrides } from "../auth/limits.ts";
import type { LastCall } from "../hop/fence.ts";
import type { CallKey } from "../hop/key.ts";
import type { QoS } from "../protocol/packet.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import type { LeaseSnapshot } from "../queue/leases.ts";
import type { WrittenProgress } from "../queue/progress.ts";
import type { QueueReads, Segment } from "../queue/queue.ts";
import type { Gap, WindowSnapshot } from "../queue/window.ts";
import type { TraceMark } from "../trace/mark.ts";
import type { LetterChange, LetterReads } from "./dead-letters.ts";
import type { InboundChanges, InboundSnapshot } from "./inbound.ts";
import type { SessionLimits } from "./limits.ts";
import type { Replay } from "./replays.ts";
import type { SinkProgress, SinkSettings } from "./sink.ts";
import type { SubscriptionRequest } from "./subscribe.ts";

/** A session that outlives its connection. A session without this row ends with its connection. */
export interface SessionRecord {
  readonly clientId: string;
  /** Who its client has proved to be, if anybody. */
  readonly username: string | undefined;
  readonly version: ProtocolVersion;
  /** Tells this session from earlier ones of the same client id, in the shards' routes. Milliseconds since 1970. */
  readonly generation: number;
  /** 0xFFFFFFFF: never [MQTT-3.1.2-23]. */
  readonly expirySeconds: number;
  /** When it ends if nobody connects; 0 while connected, and for a session that never ends. */
  readonly expiresAtMs: number;
  /** Of the last of its wills that was routed: the next is above it, also when the clock went back. */
  readonly lastWillSequence?: number;
  /** It was made for its client, which has yet to connect. */
  readonly isProvisioned?: true;
  /** Where it has other limits than the deployment says. */
  readonly limits?: SessionOverrides;
  /** What its user has more or less of than others. */
  readonly userLimits?: LimitOverrides;
  /** Of the backup that it was restored from, and whether all of it is there. */
  readonly backup?: { readonly id: string; readonly isWhole: boolean; readonly atMs: number };
  /** Those that it was made with, until the shards have confirmed them. */
  readonly firstSubscriptions?: readonly SubscriptionRequest[];
  /** See src/session/tracing.ts. */
  readonly traces?: readonly TraceMark[];
}

/** Limits that can be given to one session. */
export type SessionOverrides = Partial<
  Pick<
    SessionLimits,
    | "queueMessagesMax"
    | "queueBytesMax"
    | "queuePolicy"
    | "inflightMax"
    | "subscriptionsMax"
    | "sessionExpirySecondsMax"
  >
>;

/** The outbound window as the next connection finds it, if this one ends without a word. */
export interface DurableWindow extends WrittenProgress {
  readonly head: number;
  readonly dupBelow: number;
  /** Positions below were not sent unless `dupBelow` says so, whatever their segment's `offered` says. */
  readonly exactBelow: number;
  readonly gaps: readonly Gap[];
  /** Positions below may have been used by messages that never became rows; absent: none were. */
  readonly usedBelow?: number;
}

/** The will of the living connection. */
export interface StoredWill {
  /** The shard that its topic lives in. */
  readonly shard: number;
  /** One record. */
  readonly body: Uint8Array;
  /** Of the session it belongs to. */
  readonly generation: number;
  readonly delayMs: number;
  /** Message Expiry Interval, counted from its publication; 0 for none. */
  readonly expiryMs: number;
}

/** A will whose connection has ended. */
export interface DueWill extends StoredWill {
  /** Tells the due wills of a session apart; rises. */
  readonly id: number;
  readonly dueAtMs: number;
  /** Under which it is routed; 0 until its time has come. */
  readonly sequence: number;
}

/** Messages of a shared subscription that the session had not finished, on their way to other members. */
export interface HandBack {
  readonly id: number;
  readonly shard: number;
  readonly share: string;
  /** Records. */
  readonly body: Uint8Array;
}

/** Where the messages of a segment are handed back to, should the session end. */
export interface SegmentOrigin {
  readonly share: string;
  readonly shard: number;
}

export interface StoredSubscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** Subscription Identifier; 0 for none. */
  readonly identifier: number;
}

/** The sender of QoS 2 messages as a subscriber's session knows it, and the last sequence it took over. */
export interface SourceCursor {
  readonly publisher: string;
  readonly publisherGeneration: number;
  readonly shard: number;
  readonly sequence: number;
  /** When; a cursor that has not moved for long is forgotten. */
  readonly atMs: number;
}

export type Change =
  | { readonly kind: "put-session"; readonly record: SessionRecord }
  | { readonly kind: "put-inbound"; readonly changes: InboundChanges }
  | { readonly kind: "put-window"; readonly window: DurableWindow }
  | { readonly kind: "put-leases"; readonly leases: LeaseSnapshot }
  | { readonly kind: "put-will"; readonly will: StoredWill }
  | { readonly kind: "delete-will" }
  | { readonly kind: "put-due-will"; readonly will: DueWill }
  | { readonly kind: "delete-due-will"; readonly id: number }
  | {
      readonly kind: "put-subscription";
      readonly subscription: StoredSubscription;
      readonly removing: boolean;
      /** The shards have yet to confirm it. */
      readonly unconfirmed?: boolean;
    }
  | { readonly kind: "confirm-subscription"; readonly filter: string }
  | { readonly kind: "delete-subscription"; readonly filter: string }
  | { readonly kind: "put-segment"; readonly segment: Segment; readonly origin?: SegmentOrigin | undefined }
  | { readonly kind: "delete-segments"; readonly below: number }
  /** Those that lie wholly within. */
  | { readonly kind: "delete-segments-within"; readonly from: number; readonly to: number }
  | { readonly kind: "put-source"; readonly cursor: SourceCursor }
  /** Calls before this one are over. */
  | { readonly kind: "end-earlier-calls"; readonly key: CallKey; readonly atMs: number }
  | { readonly kind: "put-alias"; readonly alias: number; readonly topic: string }
  | { readonly kind: "clear-aliases" }
  | { readonly kind: "put-hand-back"; readonly handBack: HandBack }
  | { readonly kind: "delete-hand-back"; readonly id: number }
  | { readonly kind: "put-replay"; readonly replay: Replay }
  | { readonly kind: "delete-replay"; readonly shard: number; readonly filter: string }
  | { readonly kind: "put-sink"; readonly settings: SinkSettings }
  | { readonly kind: "put-sink-progress"; readonly progress: SinkProgress }
  | LetterChange
  /** Of the connected client, if its socket has no room for it. */
  | { readonly kind: "put-access"; readonly access: Access }
  /** Everything but due wills and what is handed back goes. */
  | { readonly kind: "end-session" };

/** What a step may read from the database, synchronously. */
export interface SessionReads extends QueueReads {
  storedAccess(): Access | undefined;
  subscription(filter: string): StoredSubscription | undefined;
  /** Whether the shards have yet to confirm one that there is. */
  isUnconfirmed(filter: string): boolean;
  subscriptions(): readonly StoredSubscription[];
  /** So many of them, by filter, that stand behind it. */
  subscriptionsAfter(filter: string, limit: number): readonly StoredSubscription[];
  subscriptionCount(): number;
  /** Messages given up, by reason, since the session's object came to be. */
  drops(): ReadonlyMap<string, number>;
  /** Shared subscriptions, as the client wrote them. */
  sharedFilters(): readonly string[];
  /** Filters under $SYS. */
  sysFilters(): readonly string[];
  /** What the queue holds of them, in the order of the queue. */
  sharedSegments(): readonly (SegmentOrigin & { readonly segment: Segment })[];
  /** Of the segment at a position, if it is of a shared subscription. */
  originOf(position: number): SegmentOrigin | undefined;
  /** Filters whose removal a shard has not confirmed. */
  filtersBeingRemoved(): readonly string[];
  /** The topic that the client's alias stands for on this connection. */
  aliasTopic(alias: number): string | undefined;
  hasAliases(): boolean;
  /** The last sequence taken over from a publisher by way of a shard; 0 if none. */
  sourceSequence(publisher: string, publisherGeneration: number, shard: number): number;
  readonly letters: LetterReads;
  /** Of a caller, if it ever had doubts. */
  lastCall(source: string): LastCall | undefined;
}

/** The rows a session object loads when it wakes. */
export interface StoredSession {
  readonly record: SessionRecord | undefined;
  /** With all its runs, wherever they were. */
  readonly inbound: InboundSnapshot | undefined;
  readonly window: DurableWindow | undefined;
  /** The window of the living connection, where its socket had no room for it. */
  readonly connectionWindow: WindowSnapshot | undefined;
  /** Messages that are handed out over HTTP. */
  readonly leases: LeaseSnapshot | undefined;
  readonly will: StoredWill | undefined;
  /** By rising id. */
  readonly dueWills: readonly DueWill[];
  /** By rising id. */
  readonly handBacks: readonly HandBack[];
  readonly replays: readonly Replay[];
  /** Who gets the messages, if not a client. */
  readonly sink?: { readonly settings: SinkSettings; readonly progress: SinkProgress };
}
