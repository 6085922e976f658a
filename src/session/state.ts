// A session in memory, and the ways into it: made new when its object wakes, from its rows and, if its client stayed
// connected through hibernation, from what the socket carries.

import type { Access } from "../auth/access.ts";
import type { LimitOverrides } from "../auth/limits.ts";
import type { Causes } from "../directory/events.ts";
import type { ServerPacket } from "../protocol/packet.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { ExpirySearch } from "../queue/expiry-search.ts";
import { Leases } from "../queue/leases.ts";
import { readProgress } from "../queue/progress.ts";
import { Queue, type QueueBounds } from "../queue/queue.ts";
import { Window, type WindowSnapshot } from "../queue/window.ts";
import { Remembered } from "../topic/remembered.ts";
import type { TraceMark } from "../trace/mark.ts";

import { Acknowledgements } from "./acknowledgements.ts";
import { OutgoingAliases } from "./aliases.ts";
import type {
  DueWill,
  HandBack,
  SessionOverrides,
  SessionReads,
  SessionRecord,
  StoredSession,
  StoredWill,
} from "./changes.ts";
import { Holding } from "./holding.ts";
import { Inbound } from "./inbound.ts";
import { limitsFor, type SessionLimits } from "./limits.ts";
import type { Operation } from "./outgoing.ts";
import { Permissions, rememberedMax } from "./permission.ts";
import { PublishRate } from "./publish-rate.ts";
import { Replays } from "./replays.ts";
import type { Sharing } from "./sharing.ts";
import { newSink, type Sink } from "./sink.ts";

export interface Connection {
  /** Rises with each connection; a late event of an older socket is told apart by it. */
  readonly epoch: number;
  readonly version: ProtocolVersion;
  readonly generation: number;
  readonly keepAliveSeconds: number;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** Most aliases that the client lets us use. */
  readonly topicAliasMaximum: number;
  readonly requestProblemInformation: boolean;
  readonly connectedAtMs: number;
  /** Who the client has proved to be, if anybody. */
  readonly username?: string;
  /** Where it is, for who looks at it: no more than the beginning. */
  readonly address?: string;
  /** What it may do; absent, with nothing to ask about, for a client that no rule concerns. */
  readonly access?: Access;
  /** What its user has more or less of than others. */
  readonly limits?: LimitOverrides;
  /** Of a session that has no record to keep them in. */
  readonly ownLimits?: SessionOverrides;
  /** End of the queue when it began: segments before may have been offered to an earlier connection. */
  readonly offeredBelow: number;
  /** See src/session/tracing.ts. */
  readonly traces?: readonly TraceMark[];
}

/** What survives hibernation with the socket, without a row. */
export interface ConnectionSnapshot {
  readonly connection: Connection;
  readonly window: WindowSnapshot;
  /** It has no more of the window than where it begins: the socket had no room, and a row has the whole. */
  readonly windowIsStored?: true;
  /** Nor what the client may do. */
  readonly accessIsStored?: true;
  readonly queue: QueueBounds;
  readonly exactBelow: number;
  readonly durableDupBelow: number;
  /** What was held at that moment, by position and count; absent if nothing was. */
  readonly held?: readonly (readonly [number, number])[];
  /** Absent where there is nothing to say. */
  readonly sharing?: { readonly askedBy: readonly number[]; readonly holds: Sharing["holds"] };
}

export interface Session {
  /** Those of the deployment, of its user where that has others, or its own where its record has some. */
  limits: SessionLimits;
  readonly deploymentLimits: SessionLimits;
  /** What the connected client may do; undefined: everything. */
  permissions: Permissions | undefined;
  /** A row has what it may do, since its socket has no room. */
  accessIsStored: boolean;
  readonly publishRate: PublishRate;
  readonly reads: SessionReads;
  /** Name of this session towards shards and other sessions. */
  readonly name: string;
  /** Present while the session outlives its connections. */
  record: SessionRecord | undefined;
  connection: Connection | undefined;
  /** What the client is to be sent once CONNACK may be; undefined: it was. See src/session/opening.ts. */
  opening: ServerPacket[] | undefined;
  acknowledgements: Acknowledgements;
  inbound: Inbound;
  /** Of messages on their way to the shards, also of earlier connections: bytes, with what they take in memory besides. */
  routingBytes: number;
  will: StoredWill | undefined;
  /** Of earlier connections, by rising id. */
  dueWills: DueWill[];
  /** Ids of those that a shard was asked to publish. */
  readonly willsInFlight: Set<number>;
  readonly sharing: Sharing;
  /** Of this session and earlier ones, by rising id. */
  handBacks: HandBack[];
  /** Ids of those that a shard was asked to take. */
  readonly handBacksInFlight: Set<number>;
  window: Window;
  queue: Queue;
  holding: Holding;
  /** Messages that are handed out over HTTP. */
  leases: Leases;
  /** Who gets the messages, if not a client. */
  sink: Sink | undefined;
  /** See DurableWindow: up to here `dupBelow` is exact. */
  exactBelow: number;
  /** `dupBelow` as the row has it: it never lags behind what was sent from segments stored while offline. */
  durableDupBelow: number;
  /** Cursors of QoS 2 publishers, read once. */
  readonly sources: Map<string, number>;
  /** Why the last connection and the last session ended, for the list of sessions. */
  causes: Causes;
  /** A number of this life of the object: see src/hop/generations.ts. */
  readonly life: number;
  /** The generation of the last session that this object knew: the next one is above it. */
  lastGeneration: number;
  readonly shardOfTopic: Remembered<number>;
  /** Pages of retained messages that are yet to come. */
  readonly replays: Replays;
  /** For room in a full queue. */
  readonly expirySearch: ExpirySearch;
  /** By filter: the last UNSUBSCRIBE that the shards have yet to confirm. */
  readonly removals: Map<string, Operation>;
  /** By filter: the SUBSCRIBE that made the subscription, until the shards have confirmed it. */
  readonly confirmations: Map<string, Operation>;
  readonly outgoingAliases: OutgoingAliases;
  /** Topics behind the client's aliases, as far as they were read since the object woke. */
  readonly incomingAliases: Map<number, AliasedTopic>;
}

export interface AliasedTopic {
  readonly topic: string;
  readonly topicBytes: Uint8Array;
}

export function loadSession(
  name: string,
  limits: SessionLimits,
  reads: SessionReads,
  stored: StoredSession,
  snapshot: ConnectionSnapshot | undefined,
  life: number,
): Session {
  const connection = snapshot === undefined ? undefined : wholeConnection(snapshot, reads);
  const shared = {
    limits: limitsFor(
      limits,
      snapshot?.connection.limits ?? stored.record?.userLimits,
      stored.record?.limits ?? snapshot?.connection.ownLimits,
    ),
    deploymentLimits: limits,
    permissions: connection?.access === undefined ? undefined : new Permissions(connection.access),
    accessIsStored: snapshot?.accessIsStored === true,
    publishRate: new PublishRate(),
    reads,
    name,
    record: stored.record,
    opening: undefined,
    acknowledgements: new Acknowledgements(),
    inbound: new Inbound(stored.inbound),
    routingBytes: 0,
    will: stored.will,
    dueWills: [...stored.dueWills],
    willsInFlight: new Set<number>(),
    sharing: { askedBy: new Set(snapshot?.sharing?.askedBy), holds: holdsOf(reads, snapshot) },
    handBacks: [...stored.handBacks],
    leases: new Leases(stored.leases),
    sink: stored.sink && newSink(stored.sink.settings, stored.sink.progress, reads.letters.toSend() !== undefined),
    handBacksInFlight: new Set<number>(),
    sources: new Map<string, number>(),
    causes: { disconnected: "unknown", ended: "unknown" },
    life,
    lastGeneration: stored.record?.generation ?? snapshot?.connection.generation ?? 0,
    shardOfTopic: new Remembered<number>(rememberedMax),
    replays: new Replays(stored.replays),
    expirySearch: new ExpirySearch(),
    removals: new Map<string, Operation>(),
    confirmations: new Map<string, Operation>(),
    outgoingAliases: new OutgoingAliases(),
    incomingAliases: new Map<number, AliasedTopic>(),
  };
  if (snapshot !== undefined) {
    const window = Window.restore(wholeWindow(snapshot, stored));
    // Its object was reset, though its connection was not: the shard has no answer and comes with it again.
    for (const [position, count] of snapshot.held ?? []) {
      if (reads.segmentFrom(position)?.position !== position) window.giveUp(position, position + count);
    }
    return {
      ...shared,
      connection,
      window,
      queue: new Queue(reads, snapshot.queue),
      holding: new Holding(snapshot.queue.end, stored.window?.usedBelow ?? 0, hasUnwrittenGap(window, stored)),
      exactBelow: snapshot.exactBelow,
      durableDupBelow: snapshot.durableDupBelow,
    };
  }
  return { ...shared, connection: undefined, ...loadOutbound(reads, stored) };
}

/** The living connection passes over positions of which the row, which outlives it, says nothing. */
function hasUnwrittenGap({ gaps }: Window, { window }: StoredSession): boolean {
  return (gaps.at(-1)?.to ?? 0) > (window?.gaps.at(-1)?.to ?? 0);
}

function holdsOf(reads: SessionReads, snapshot: ConnectionSnapshot | undefined): Sharing["holds"] {
  if (snapshot !== undefined) return snapshot.sharing?.holds ?? false;
  return reads.queueBounds() === undefined ? false : "unknown";
}

function wholeConnection({ connection, accessIsStored }: ConnectionSnapshot, reads: SessionReads): Connection {
  if (accessIsStored !== true) return connection;
  const access = reads.storedAccess();
  if (access === undefined) throw new Error("the row of what a client may do is missing");
  return { ...connection, access };
}

function wholeWindow(
  { window, windowIsStored }: ConnectionSnapshot,
  { connectionWindow }: StoredSession,
): WindowSnapshot {
  if (windowIsStored !== true) return window;
  if (connectionWindow === undefined) throw new Error("the row of a connection's window is missing");
  return connectionWindow;
}

type Outbound = Pick<Session, "window" | "queue" | "holding" | "exactBelow" | "durableDupBelow">;

/** The outbound side from rows alone: nobody is connected, and whoever was may have vanished without a word. */
function loadOutbound(reads: SessionReads, stored: StoredSession): Outbound {
  const row = stored.window ?? { head: 0, dupBelow: 0, exactBelow: 0, gaps: [], runs: [] };
  const span = readProgress(row).length;
  // Positions are never used twice, also when their rows are gone.
  const usedBelow = Math.max(row.usedBelow ?? 0, stored.sink?.progress.usedBelow ?? 0);
  const gapsEnd = row.gaps.at(-1)?.to ?? 0;
  const start = Math.max(row.head + span, row.dupBelow, row.exactBelow, gapsEnd, usedBelow);
  const bounds = reads.queueBounds() ?? { first: start, end: start, bytes: 0 };
  const end = Math.max(bounds.end, gapsEnd);
  const window = Window.restore({ ...row, next: row.head });
  window.moveTo(bounds.first);
  window.dupBelow = Math.min(window.dupBelow, end);
  const queue = new Queue(reads, { ...bounds, end: Math.max(end, usedBelow) });
  const isPassed = usedBelow > end;
  if (isPassed) window.drop(end, usedBelow);
  const holding = new Holding(queue.end, usedBelow, isPassed);
  return { window, queue, holding, exactBelow: row.exactBelow, durableDupBelow: row.dupBelow };
}

/** What to keep with the socket. */
export function snapshotOf(session: Session, connection: Connection): ConnectionSnapshot {
  const { exactBelow, durableDupBelow, sharing } = session;
  const { askedBy, holds } = sharing;
  const { held } = session.holding;
  const { access: _access, ...withoutAccess } = connection;
  return {
    ...(session.accessIsStored ? { connection: withoutAccess, accessIsStored: true } : { connection }),
    window: session.window.snapshot(),
    queue: session.queue.bounds,
    exactBelow,
    durableDupBelow,
    ...(held.length > 0 ? { held: held.map(({ segment }) => [segment.position, segment.count] as const) } : {}),
    ...(askedBy.size > 0 || holds !== false ? { sharing: { askedBy: [...askedBy], holds } } : {}),
  };
}

/** The same for a socket that has no room for the window. Code that does not know of the row sends everything again. */
export function withoutWindow(snapshot: ConnectionSnapshot): ConnectionSnapshot {
  const { head, next, dupBelow } = snapshot.window;
  const window = { head, next: head, dupBelow: Math.max(dupBelow, next), gaps: [], runs: [] };
  return { ...snapshot, window, windowIsStored: true };
}

/** The session that now exists under this client id, if any: the one that outlives connections or the living one. */
export function generationOf(session: Session): number | undefined {
  return session.record?.generation ?? session.connection?.generation;
}

/** Messages waiting or unacknowledged. */
export function queueDepth({ queue, window }: Session): number {
  return window.unfinishedBefore(queue.end);
}

/** Whether a message may have been sent on a connection before this one, though no row says how far that came. */
export function wasOffered({ connection, queue, exactBelow }: Session, position: number, offered: boolean): boolean {
  return offered && position >= exactBelow && position < (connection?.offeredBelow ?? queue.end);
}

/** Starts from nothing: no subscriptions, no queue, nothing in flight in either direction. */
export function forgetState(session: Session): void {
  const end = session.queue.end;
  session.record = undefined;
  session.limits = session.deploymentLimits;
  // Sequences go on: shards remember the last one of this client id.
  session.inbound = new Inbound({ nextSequence: session.inbound.nextSequence, runs: [] });
  session.window = new Window(end);
  session.queue = new Queue(session.reads, { first: end, end, bytes: 0 });
  session.holding = new Holding(end, 0, false);
  session.leases = new Leases();
  session.sink = undefined;
  session.exactBelow = end;
  session.durableDupBelow = end;
  session.sources.clear();
  session.removals.clear();
  session.confirmations.clear();
  session.sharing.askedBy.clear();
  session.sharing.holds = false;
}
