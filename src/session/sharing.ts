// A session as a member of groups that share a subscription: how much it can be offered, when it says that it can take
// more, and what becomes of messages that it had not finished when it ended.

import { SESSION_NEVER_EXPIRES } from "../protocol/packet.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import { Progress } from "../queue/window.ts";
import { shardsOf } from "../topic/shards.ts";
import { plainFilter } from "../topic/share.ts";
import type { HandBack } from "./changes.ts";
import type { Effects } from "./effects.ts";
import type { SessionLimits } from "./limits.ts";
import { mayDeliver } from "./permission.ts";
import type { Session } from "./state.ts";

export interface Sharing {
  /** Shards that believe there is no room here, until they are told. */
  readonly askedBy: Set<number>;
  /** Something in the queue would have to be handed back. Unknown where the object has lost its memory, until the queue is empty. */
  holds: boolean | "unknown";
}

/** Bytes that a session holds of shared subscriptions: they all go back at once when it ends. */
const heldBytesMax = 8 * 1024 * 1024;
/** What no shard could take back is tried again after this. */
const retryMs = 30_000;

/** How many messages could go to the client at once. */
export function roomForShared({ connection, window, queue, limits }: Session): number {
  if (connection === undefined || window.next < queue.end || queue.bytes > heldBytesMax) return 0;
  return window.room(Math.min(connection.receiveMaximum, limits.inflightMax));
}

/** The connection begins: shards that found nobody here offer again. */
export function attendShares(session: Session, effects: Effects): void {
  for (const share of session.reads.sharedFilters()) {
    for (const shard of shardsOfSubscription(share, session.limits)) session.sharing.askedBy.add(shard);
  }
  continueShares(session, effects);
}

/** The connection has ended: shards that wait for room here need not. */
export function leaveShares(session: Session, generation: number, effects: Effects): void {
  for (const shard of session.sharing.askedBy) effects.outbox.push(shard, { kind: "attend", generation, room: 0 });
  session.sharing.askedBy.clear();
}

/** Where a subscription is known: a shared one where its filter is. */
export function shardsOfSubscription(subscription: string, limits: SessionLimits): number[] {
  return shardsOf(plainFilter(subscription), limits.topicShardDepth, limits.topicShards);
}

/** Something has left the window: with half of its window free it can be offered more. */
export function continueShares(session: Session, effects: Effects): void {
  const { sharing, connection, window, queue, limits } = session;
  if (window.head === queue.end) sharing.holds = false;
  if (connection === undefined || sharing.askedBy.size === 0) return;
  const room = roomForShared(session);
  if (room * 2 < Math.min(connection.receiveMaximum, limits.inflightMax)) return;
  const { generation } = connection;
  for (const shard of sharing.askedBy) effects.outbox.push(shard, { kind: "attend", generation, room });
  sharing.askedBy.clear();
}

/**
 * The session ends: messages of QoS 1 that it has not finished go to other members. Those of QoS 2 were begun with its
 * client, and go to nobody [MQTT-4.8.2-5]. Returns how many have somewhere to go.
 */
export function handBackShared(session: Session, effects: Effects): number {
  return handBack(session, effects, () => true);
}

/**
 * The rights of the connected client have changed: what it has of groups that it is no member of any more, and may not be sent, goes
 * to the other members. What it has in hand it finishes.
 */
export function handBackDenied(session: Session, revoked: readonly string[], effects: Effects): void {
  const { window, reads, leases, sharing } = session;
  // To look costs a walk through the queue.
  if (session.permissions === undefined || sharing.holds === false) return;
  const remaining = new Set(reads.sharedFilters());
  for (const filter of revoked) remaining.delete(filter);
  const count = handBack(session, effects, (share, reader, position) => {
    const isFree = window.progressAt(position) === Progress.untouched && leases.of(position) === undefined;
    // A member that stays one would be offered it again.
    if (remaining.has(share) || !isFree || position >= window.spanEnd || mayDeliver(session, reader)) return false;
    window.settle(position);
    return true;
  });
  if (count > 0) effects.windowChanged = true;
}

/** Those of QoS 1 that are not finished and that `goes` is for; how many. */
function handBack(
  session: Session,
  effects: Effects,
  goes: (share: string, reader: RecordReader, position: number) => boolean,
): number {
  const { window, reads } = session;
  let count = 0;
  for (const { segment, share, shard } of reads.sharedSegments()) {
    const writer = new RecordWriter();
    const reader = new RecordReader(segment.body);
    for (let position = segment.position; reader.next(); position++) {
      const isDone = window.progressAt(position) === Progress.done;
      if (!isDone && reader.qos === 1 && goes(share, reader, position)) writer.appendCopy(reader);
    }
    if (writer.count === 0) continue;
    count += writer.count;
    const id = (session.handBacks.at(-1)?.id ?? 0) + 1;
    const handBack: HandBack = { id, shard, share, body: writer.take() };
    session.handBacks.push(handBack);
    effects.persist.push({ kind: "put-hand-back", handBack });
  }
  routeHandBacks(session, effects);
  return count;
}

/** What no shard has confirmed is tried again, as often as it takes. */
export function routeHandBacks(session: Session, effects: Effects): void {
  for (const handBack of session.handBacks) {
    if (session.handBacksInFlight.has(handBack.id)) continue;
    session.handBacksInFlight.add(handBack.id);
    effects.outbox.push(handBack.shard, { kind: "hand-back", handBack });
  }
}

export function handBackConfirmed(session: Session, { id }: HandBack, effects: Effects): void {
  session.handBacksInFlight.delete(id);
  session.handBacks = session.handBacks.filter((handBack) => handBack.id !== id);
  effects.persist.push({ kind: "delete-hand-back", id });
}

export function handBackFailed(session: Session, { id }: HandBack): void {
  session.handBacksInFlight.delete(id);
}

/** When it wants to be seen to again; undefined: not for this. */
export function nextHandBackAtMs({ handBacks }: Session, nowMs: number): number | undefined {
  return handBacks.length === 0 ? undefined : nowMs + retryMs;
}

/** Should the broker die with the connection, others are waiting for what this session holds. */
export function isWaitedFor({ sharing, record }: Session): boolean {
  return sharing.holds === true && record?.expirySeconds !== SESSION_NEVER_EXPIRES;
}
