// SUBSCRIBE and UNSUBSCRIBE. The session's row comes first, then the shards that route; the client is answered when all
// of them have confirmed.

import type { QoS, Subscribe, Unsubscribe } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { varintBytes } from "../protocol/varint.ts";
import { isShared, parseFilter } from "../topic/share.ts";
import { violate } from "./closing.ts";
import type { Effects } from "./effects.ts";
import type { Operation, RouteEntry } from "./outgoing.ts";
import { forgetReplays } from "./replay.ts";
import { shardsOfSubscription } from "./sharing.ts";
import type { Connection, Session } from "./state.ts";

export function subscribe(session: Session, packet: Subscribe, effects: Effects, nowMs: number): void {
  const { connection, reads, limits } = session;
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
  const identifier = packet.identifier ?? 0;
  const reasons: ReasonCode[] = [];
  const entriesOf = new Map<number, RouteEntry[]>();
  let count = reads.subscriptionCount();

  for (const request of packet.subscriptions) {
    const { filter, qos, noLocal, retainAsPublished } = request;
    const known = reads.subscription(filter);
    const refusal = refusalOf(session, filter, known === undefined ? count : 0);
    const granted = Math.min(qos, limits.maximumQos) as QoS;
    if (refusal !== undefined) {
      reasons.push(connection.version === 5 ? refusal : ReasonCode.unspecifiedError);
      effects.refuse("subscription-refused", filter);
      continue;
    }
    if (known === undefined) count++;
    const subscription = { filter, qos: granted, noLocal, retainAsPublished, identifier };
    effects.persist.push({ kind: "put-subscription", subscription, removing: false });
    const isNew = request.retainHandling === 1 && known === undefined;
    // Retained messages are not for groups: each member would handle them.
    const sendRetained = !isShared(filter) && (request.retainHandling === 0 || isNew);
    if (sendRetained) forgetReplays(session, filter, effects);
    for (const shard of shardsOfSubscription(filter, limits)) {
      addTo(entriesOf, shard, { ...subscription, sendRetained });
    }
    // Any QoS may be asked for [MQTT-3.2.2-10].
    reasons.push(granted);
  }

  const operation: Operation = {
    kind: "subscribe",
    epoch: connection.epoch,
    packetId: packet.packetId,
    reasons,
    filters: [],
    shardsLeft: entriesOf.size,
  };
  if (entriesOf.size === 0) effects.send.push({ type: "suback", packetId: packet.packetId, reasons });
  const { generation } = connection;
  for (const [shard, entries] of entriesOf) {
    effects.outbox.push(shard, { kind: "subscribe", generation, entries, operation });
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
  const known: string[] = [];
  let leaving: readonly string[] | undefined;
  const reasons = packet.filters.map((filter) => {
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
    known.push(filter);
    return ReasonCode.success;
  });
  remove(session, known, { packetId: packet.packetId, reasons }, effects);
}

/** An UNSUBSCRIBE that a crash interrupted is carried through before anything else happens. */
export function finishRemovals(session: Session, effects: Effects): void {
  const filters = session.reads.filtersBeingRemoved();
  if (filters.length > 0) remove(session, filters, undefined, effects);
}

function remove(
  session: Session,
  filters: readonly string[],
  answer: { readonly packetId: number; readonly reasons: ReasonCode[] } | undefined,
  effects: Effects,
): void {
  const { connection, limits } = session;
  if (connection === undefined) return;
  const filtersOf = new Map<number, string[]>();
  for (const filter of filters) {
    for (const shard of shardsOfSubscription(filter, limits)) addTo(filtersOf, shard, filter);
  }
  const operation: Operation = {
    kind: "unsubscribe",
    // Nobody waits for the answer to what is carried through after a crash.
    epoch: answer === undefined ? -1 : connection.epoch,
    packetId: answer?.packetId ?? 0,
    reasons: answer?.reasons ?? [],
    filters,
    shardsLeft: filtersOf.size,
  };
  for (const filter of filters) session.removals.set(filter, operation);
  if (filtersOf.size === 0 && answer !== undefined) effects.send.push({ type: "unsuback", ...answer });
  const { generation } = connection;
  for (const [shard, of] of filtersOf) {
    effects.outbox.push(shard, { kind: "unsubscribe", generation, filters: of, operation });
  }
}

function addTo<Item>(map: Map<number, Item[]>, shard: number, item: Item): void {
  const items = map.get(shard);
  if (items === undefined) map.set(shard, [item]);
  else items.push(item);
}
