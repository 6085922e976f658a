// What the shards answered. Only here do publishes get their acknowledgements and subscriptions theirs.

import { ReasonCode } from "../protocol/reason.ts";
import type { PendingAcknowledgement } from "./acknowledgements.ts";
import { violate } from "./closing.ts";
import { deliverRetained } from "./deliver.ts";
import type { Effects } from "./effects.ts";
import { opened, refuseOpening } from "./opening.ts";
import { type LaneItem, nobody, type Operation, type PublishItem, type RouteEntry } from "./outgoing.ts";
import { advanceReplay, beginReplay, mayTakePage, putOffReplay, replayFailed } from "./replay.ts";
import { handBackConfirmed, handBackFailed } from "./sharing.ts";
import { generationOf, type Session } from "./state.ts";
import { willConfirmed, willFailed } from "./wills.ts";

/** Retained messages for one subscription, a page of them. */
export interface RetainedPage {
  readonly entry: RouteEntry;
  readonly body: Uint8Array;
  /** Where the next page begins; undefined when this is the last. */
  readonly after: string | undefined;
}

export interface ShardAnswer {
  /** Indexes of published messages that a full queue refused. */
  readonly refused: readonly number[];
  readonly retained: readonly RetainedPage[];
}

export function answered(
  session: Session,
  shard: number,
  items: readonly LaneItem[],
  answer: ShardAnswer,
  effects: Effects,
  nowMs: number,
): void {
  let first = 0;
  const refused: PendingAcknowledgement[] = [];
  for (const item of items) {
    if (item.kind === "publish") {
      refused.push(...settlePublishes(session, item, answer.refused, first, effects));
      first += item.count;
    } else if (item.kind === "hand-back") {
      handBackConfirmed(session, item.handBack, effects);
    } else if ((item.kind === "subscribe" || item.kind === "unsubscribe") && item.operation !== undefined) {
      settleOperation(session, item.operation, effects);
    }
  }
  const { connection } = session;
  if (connection !== undefined) session.acknowledgements.flush(effects.send, session.inbound, connection);
  // What a session had published that its client has ended since is nobody's: there is nobody to be told, and nobody comes again with it.
  const isTheirs = items.some((item) => item.kind === "publish" && item.generation === generationOf(session));
  if (isTheirs && refused.some(({ told }) => !told)) {
    // The client keeps a message of which it has heard nothing, and comes again with it; what waits behind it in the lane
    // must not get there first.
    effects.haltsLane = true;
    return violate(
      session,
      ReasonCode.quotaExceeded,
      "a subscriber's queue, or the store of delayed messages, is full",
      effects,
      nowMs,
    );
  }
  for (const page of answer.retained) {
    const [item] = items;
    // Another session may have taken the place of the one that subscribed.
    if (item?.kind !== "subscribe" && item?.kind !== "replay") continue;
    if (item.generation !== generationOf(session)) continue;
    takePage(session, shard, item, page, effects, nowMs);
  }
}

/** What there is no room for is asked for again when there is. */
function takePage(
  session: Session,
  shard: number,
  item: Extract<LaneItem, { readonly kind: "subscribe" | "replay" }>,
  page: RetainedPage,
  effects: Effects,
  nowMs: number,
): void {
  const { filter } = page.entry;
  if (page.body.length > 0 && !mayTakePage(session)) {
    if (item.kind === "replay") replayFailed(session, item);
    else putOffReplay(session, shard, filter, effects);
    return;
  }
  deliverRetained(session, page, effects, nowMs);
  if (item.kind === "replay") advanceReplay(session, item, page.after, effects);
  else beginReplay(session, shard, filter, page.after, effects);
}

/** The messages that were refused. */
function settlePublishes(
  session: Session,
  item: PublishItem,
  refusedIndexes: readonly number[],
  first: number,
  effects: Effects,
): PendingAcknowledgement[] {
  if (item.will === undefined) session.routingBytes -= item.weight;
  else willConfirmed(session, item.will, effects);
  const refused: PendingAcknowledgement[] = [];
  for (const index of refusedIndexes) {
    const pending = item.pending[index - first];
    if (pending === undefined) continue;
    pending.reason = ReasonCode.quotaExceeded;
    refused.push(pending);
  }
  for (const pending of item.pending) {
    if (pending === undefined || pending.reason !== undefined) continue;
    pending.reason = ReasonCode.success;
    if (pending.entry !== undefined) pending.entry.routed = true;
  }
  return refused;
}

function settleOperation(session: Session, operation: Operation, effects: Effects): void {
  operation.callsLeft--;
  if (operation.callsLeft > 0) return;
  const { kind, packetId, reasons } = operation;
  for (const filter of operation.filters) {
    // Behind it there may be a SUBSCRIBE and another UNSUBSCRIBE, which needs the row until it is confirmed itself.
    if (session.removals.get(filter) !== operation) continue;
    session.removals.delete(filter);
    effects.persist.push({ kind: "delete-subscription", filter });
  }
  confirm(session, operation, effects);
  if (operation.ticket !== undefined) effects.carriedOut.push({ ticket: operation.ticket, isDone: true });
  if (operation.asksForSys) effects.sysChanged = true;
  if (session.connection?.epoch !== operation.epoch) return;
  if (operation.opens) return opened(session, effects);
  effects.send.push({ type: kind === "subscribe" ? "suback" : "unsuback", packetId, reasons });
}

/** Its asker hears of it now; one whose connection has ended does not, and comes again. */
function confirm(session: Session, operation: Operation, effects: Effects): void {
  const isHeard = operation.epoch === nobody || operation.epoch === session.connection?.epoch;
  for (const filter of forgetConfirmations(session, operation)) {
    if (isHeard && session.record !== undefined) effects.persist.push({ kind: "confirm-subscription", filter });
  }
}

/** Filters that no later SUBSCRIBE has taken over, and no UNSUBSCRIBE away. */
function forgetConfirmations({ confirmations }: Session, operation: Operation): string[] {
  const own = (operation.confirms ?? []).filter((filter) => confirmations.get(filter) === operation);
  for (const filter of own) confirmations.delete(filter);
  return own;
}

/** A shard stayed out of reach. Nothing is acknowledged; the client comes again with what it has not seen confirmed. */
export function failed(session: Session, items: readonly LaneItem[], effects: Effects, nowMs: number): void {
  for (const item of items) {
    if (item.kind === "hand-back") handBackFailed(session, item.handBack);
    if (item.kind === "replay") replayFailed(session, item);
    const operation = item.kind === "subscribe" || item.kind === "unsubscribe" ? item.operation : undefined;
    if (operation?.ticket !== undefined) effects.carriedOut.push({ ticket: operation.ticket, isDone: false });
    if (operation !== undefined) forgetConfirmations(session, operation);
    if (item.kind !== "publish") continue;
    if (item.will === undefined) session.routingBytes -= item.weight;
    else willFailed(session, item.will);
  }
  if (session.opening !== undefined) refuseOpening(session, effects, nowMs);
  else violate(session, ReasonCode.serverBusy, "a topic shard does not answer", effects, nowMs);
}
