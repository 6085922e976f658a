// SUBSCRIBE and UNSUBSCRIBE. The session's row comes first, then the shards that route; the client is answered when all
// of them have confirmed.

import { nameOf } from "../auth/access.ts";
import type { QoS, Subscribe, Unsubscribe } from "../protocol/packet.ts";
import { isFailure, ReasonCode } from "../protocol/reason.ts";
import { varintBytes } from "../protocol/varint.ts";
import { isShared, parseFilter } from "../topic/share.ts";
import { isSysFilter } from "../topic/sys.ts";
import { byShard } from "./by-shard.ts";
import { violate } from "./closing.ts";
import type { Effects } from "./effects.ts";
import { nobody, type Operation, type RouteEntry } from "./outgoing.ts";
import { forgetReplays } from "./replay.ts";
import { handBackDenied } from "./sharing.ts";
import { type Connection, generationOf, type Session } from "./state.ts";

/** What SUBSCRIBE asks for one filter. */
export type SubscriptionRequest = Subscribe["subscriptions"][number];

/** Who waits for the answer to a SUBSCRIBE or UNSUBSCRIBE, and which it is. */
type Asker = Pick<Operation, "epoch" | "packetId" | "reasons" | "ticket" | "opens" | "confirms">;

interface Granted {
  readonly granted: ReasonCode[];
  readonly entries: RouteEntry[];
  /** Filters of subscriptions that are new. */
  readonly confirms: string[];
}

export interface SettledRequest {
  readonly reasons: readonly ReasonCode[];
  /** No shard has to be asked. */
  readonly isSettled: boolean;
}

export function subscribe(session: Session, packet: Subscribe, effects: Effects, nowMs: number): void {
  const { connection } = session;
  if (connection === undefined) return;
  if (connection.version !== 5) {
    // 5.0 has a reason code for it; before, it is a violation that closes the connection [MQTT3-4.8.0-1].
    const wrong = packet.subscriptions.find(({ filter }) => typeof parseFilter(filter) === "string");
    if (wrong !== undefined) {
      const detail = `MQTT3-4.7.1-1: the topic filter ${wrong.filter}`;
      return violate(session, ReasonCode.topicFilterInvalid, detail, effects, nowMs);
    }
  }
  const local = packet.subscriptions.find(({ filter, noLocal }) => noLocal && isShared(filter));
  if (local !== undefined) {
    const detail = `MQTT-3.8.3-4: No Local on ${local.filter}`;
    return violate(session, ReasonCode.protocolError, detail, effects, nowMs);
  }
  if (!answerFits(connection, packet.subscriptions.length)) return refuseLength(session, effects, nowMs);
  const { subscriptions, identifier = 0 } = packet;
  const { granted, entries, confirms } = grant(session, subscriptions, identifier, connection.epoch, effects);
  // Before 5.0 there is one code for all refusals.
  const reasons = granted.map((reason) =>
    isFailure(reason) && connection.version !== 5 ? ReasonCode.unspecifiedError : reason,
  );
  if (entries.length === 0) effects.send.push({ type: "suback", packetId: packet.packetId, reasons });
  ask(session, entries, { epoch: connection.epoch, packetId: packet.packetId, reasons, confirms }, effects);
}

/** On a client's behalf, whether or not it is connected. The reasons it would be told. */
export function subscribeFor(
  session: Session,
  requests: readonly SubscriptionRequest[],
  identifier: number,
  ticket: number,
  effects: Effects,
): SettledRequest {
  const { granted, entries, confirms } = grant(session, requests, identifier, nobody, effects);
  ask(session, entries, { epoch: nobody, packetId: 0, reasons: granted, ticket, confirms }, effects);
  return { reasons: granted, isSettled: entries.length === 0 };
}

/** Those that the rows say, of a session that has come from a backup. Whether a shard has to confirm them. */
export function routeAgain(session: Session, ticket: number, effects: Effects): boolean {
  const leaving = session.reads.filtersBeingRemoved();
  const entries: RouteEntry[] = [];
  for (const subscription of session.reads.subscriptions()) {
    if (!leaving.includes(subscription.filter)) entries.push({ ...subscription, sendRetained: false });
  }
  ask(session, entries, { epoch: nobody, packetId: 0, reasons: [], ticket }, effects);
  return entries.length > 0;
}

/** Those that a session is made with, also once more if that was interrupted. Whether a shard has to confirm them. */
export function subscribeFirst(
  session: Session,
  requests: readonly SubscriptionRequest[],
  epoch: number,
  effects: Effects,
): boolean {
  const { entries } = grant(session, requests, 0, epoch, effects, true);
  ask(session, entries, { epoch, packetId: 0, reasons: [], opens: true }, effects);
  return entries.length > 0;
}

/** Writes those that are granted, and says which routes they need. */
function grant(
  session: Session,
  requests: readonly SubscriptionRequest[],
  identifier: number,
  /** Of the asker. */
  epoch: number,
  effects: Effects,
  /** What rows there are do not count: a session that ends in this step left them, or an attempt at the same. */
  isFirst = false,
): Granted {
  const { reads, limits } = session;
  const reasons: ReasonCode[] = [];
  const confirms: string[] = [];
  const entries: RouteEntry[] = [];
  let count = isFirst ? 0 : reads.subscriptionCount();

  for (const request of requests) {
    const { filter, qos, noLocal, retainAsPublished } = request;
    const known = isFirst ? undefined : reads.subscription(filter);
    const refusal = refusalOf(session, filter, known === undefined ? count : 0);
    const granted = Math.min(qos, limits.maximumQos) as QoS;
    const denial = refusal === undefined ? session.permissions?.subscription({ filter, qos: granted }) : undefined;
    if (refusal !== undefined || denial?.isAllowed === false) {
      reasons.push(refusal ?? ReasonCode.notAuthorized);
      if (denial === undefined) effects.refuse("subscription-refused", filter);
      else effects.refuse("subscribe-denied", `${filter} at QoS ${granted}, by ${nameOf(denial)}`);
      continue;
    }
    if (known === undefined) count++;
    const subscription = { filter, qos: granted, noLocal, retainAsPublished, identifier };
    const isNew = known === undefined || isCutShort(session, filter, epoch);
    // Retained messages are not for groups: each member would handle them. So nothing rests on whether theirs are confirmed, nor on
    // those that a session is made with, whose record has them until they are.
    const isConfirmed = isShared(filter) || isFirst || !(isNew || session.confirmations.has(filter));
    if (isNew && !isConfirmed) confirms.push(filter);
    // A session that ends with its connection has no use for the mark, which costs a row when it is taken away.
    const unconfirmed = !isConfirmed && session.record !== undefined;
    effects.persist.push({ kind: "put-subscription", subscription, removing: false, unconfirmed });
    const { retainHandling } = request;
    const sendRetained = !isShared(filter) && (retainHandling === 0 || (retainHandling === 1 && isNew));
    if (sendRetained) forgetReplays(session, filter, effects);
    entries.push({ ...subscription, sendRetained });
    // Any QoS may be asked for [MQTT-3.2.2-10].
    reasons.push(granted);
  }
  return { granted: reasons, entries, confirms };
}

/**
 * The row of a subscription comes before its shards are asked. Where its asker has heard nothing of it, since a shard did not answer, the
 * connection ended or the object died, it may not have had what is retained, and comes again with what is a new subscription to it.
 */
function isCutShort({ confirmations, record, reads }: Session, filter: string, epoch: number): boolean {
  const pending = confirmations.get(filter);
  // What the same connection asked for before will be answered, or the connection ends.
  if (pending !== undefined) return pending.epoch !== epoch;
  return record !== undefined && reads.isUnconfirmed(filter);
}

function ask(session: Session, entries: readonly RouteEntry[], asker: Asker, effects: Effects): void {
  const asksForSys = entries.some(({ filter }) => isSysFilter(filter));
  const calls = byShard(entries, session.limits);
  const operation: Operation = { kind: "subscribe", ...asker, asksForSys, filters: [], callsLeft: calls.length };
  for (const filter of asker.confirms ?? []) session.confirmations.set(filter, operation);
  const generation = generationOf(session) as number;
  for (const { shard, items } of calls) {
    effects.outbox.push(shard, { kind: "subscribe", generation, entries: items, operation });
  }
}

/** SUBACK and UNSUBACK have a code for each filter, and may be too large for the client [MQTT-3.1.2-24]. */
function answerFits({ version, maximumPacketBytes }: Connection, filters: number): boolean {
  // Packet identifier, no properties, the codes.
  const remaining = 2 + 1 + filters;
  return version !== 5 || 1 + varintBytes(remaining) + remaining <= maximumPacketBytes;
}

function refuseLength(session: Session, effects: Effects, nowMs: number): void {
  const detail = "MQTT-3.1.2-24: the answer would be larger than the client's Maximum Packet Size";
  violate(session, ReasonCode.packetTooLarge, detail, effects, nowMs);
}

function refusalOf(session: Session, filter: string, count: number): ReasonCode | undefined {
  if (isShared(filter) && !session.limits.sharedAvailable) return ReasonCode.sharedSubscriptionsNotSupported;
  const levels = { bytesMax: 65_535, levelsMax: session.limits.topicLevelsMax };
  if (typeof parseFilter(filter, levels) === "string") return ReasonCode.topicFilterInvalid;
  if (!session.limits.wildcardAvailable && (filter.includes("+") || filter.includes("#"))) {
    return ReasonCode.wildcardSubscriptionsNotSupported;
  }
  return count >= session.limits.subscriptionsMax ? ReasonCode.quotaExceeded : undefined;
}

export function unsubscribe(session: Session, packet: Unsubscribe, effects: Effects, nowMs: number): void {
  const { connection } = session;
  if (connection === undefined) return;
  if (!answerFits(connection, packet.filters.length)) return refuseLength(session, effects, nowMs);
  const { known, reasons } = markRemoved(session, packet.filters, effects);
  const calls = remove(session, known, { epoch: connection.epoch, packetId: packet.packetId, reasons }, effects);
  if (calls === 0) effects.send.push({ type: "unsuback", packetId: packet.packetId, reasons });
}

/** On a client's behalf, whether or not it is connected. */
export function unsubscribeFor(
  session: Session,
  filters: readonly string[],
  ticket: number,
  effects: Effects,
): SettledRequest {
  const { known, reasons } = markRemoved(session, filters, effects);
  const calls = remove(session, known, { epoch: nobody, packetId: 0, reasons, ticket }, effects);
  return { reasons, isSettled: calls === 0 };
}

function markRemoved(
  session: Session,
  filters: readonly string[],
  effects: Effects,
): { readonly known: string[]; readonly reasons: ReasonCode[] } {
  const known: string[] = [];
  let leaving: readonly string[] | undefined;
  const reasons = filters.map((filter) => {
    const subscription = session.reads.subscription(filter);
    if (subscription === undefined) {
      // UNSUBACK says that the routes are gone: those that an UNSUBSCRIBE before this one removes may still stand.
      leaving ??= session.reads.filtersBeingRemoved();
      if (leaving.includes(filter)) known.push(filter);
      return ReasonCode.noSubscriptionExisted;
    }
    // Marked, not deleted, until the shards have confirmed: a crash in between must not leave a route behind.
    if (!known.includes(filter)) effects.persist.push({ kind: "put-subscription", subscription, removing: true });
    forgetReplays(session, filter, effects);
    if (isSysFilter(filter)) effects.sysChanged = true;
    known.push(filter);
    return ReasonCode.success;
  });
  return { known, reasons };
}

/** An UNSUBSCRIBE that a crash interrupted is carried through before anything else happens. */
export function finishRemovals(session: Session, effects: Effects): void {
  const filters = session.reads.filtersBeingRemoved();
  // Nobody waits for the answer.
  if (filters.length > 0) remove(session, filters, { epoch: nobody, packetId: 0, reasons: [] }, effects);
}

/** Subscriptions that rested on a right that has ended: their rows are marked, and the shards are told. */
export function removeRevoked(session: Session, filters: readonly string[], effects: Effects): void {
  for (const filter of filters) forgetReplays(session, filter, effects);
  if (filters.length > 0) remove(session, filters, { epoch: nobody, packetId: 0, reasons: [] }, effects);
  // Behind that: a shard that has it first could give it to this member once more.
  handBackDenied(session, filters, effects);
}

/** How many calls that takes. */
function remove(session: Session, filters: readonly string[], asker: Asker, effects: Effects): number {
  const named = filters.map((filter) => ({ filter }));
  const calls = byShard(named, session.limits);
  const operation: Operation = { kind: "unsubscribe", ...asker, filters, callsLeft: calls.length };
  for (const filter of filters) {
    session.removals.set(filter, operation);
    session.confirmations.delete(filter);
  }
  const generation = generationOf(session) as number;
  for (const { shard, items } of calls) {
    const leaving = items.map(({ filter }) => filter);
    effects.outbox.push(shard, { kind: "unsubscribe", generation, filters: leaving, operation });
  }
  return calls.length;
}
