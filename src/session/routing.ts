// What the shards answered. Only here do publishes get their acknowledgements and subscriptions theirs.

import { ReasonCode } from "../protocol/reason.ts";
import { violate } from "./closing.ts";
import { deliverRetained } from "./deliver.ts";
import type { Effects } from "./effects.ts";
import type { LaneItem, Operation, PublishItem, RouteEntry } from "./outgoing.ts";
import type { Session } from "./state.ts";

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
  for (const item of items) {
    if (item.kind === "publish") {
      if (item.will === undefined) session.routingBytes -= item.body.length;
      settlePublishes(session, item, answer.refused, first, effects);
      first += item.count;
    } else if (item.kind !== "replay" && item.operation !== undefined) {
      settleOperation(session, item.operation, effects);
    }
  }
  if (session.connection === undefined) return;

  session.acknowledgements.flush(effects.send);
  if (answer.refused.length > 0 && session.connection.version !== 5) {
    // Before 5.0 no acknowledgement can say no. Closing makes the client keep the message and come again with it.
    effects.send.length = 0;
    return violate(session, ReasonCode.quotaExceeded, "a subscriber's queue is full", effects, nowMs);
  }
  for (const page of answer.retained) {
    deliverRetained(session, page, effects, nowMs);
    if (page.after !== undefined) effects.outbox.push(shard, { kind: "replay", entry: page.entry, after: page.after });
  }
}

function settlePublishes(
  session: Session,
  item: PublishItem,
  refused: readonly number[],
  first: number,
  effects: Effects,
): void {
  if (item.will !== undefined && session.willInFlight === item.will) {
    session.willInFlight = undefined;
    if (session.will === item.will) {
      session.will = undefined;
      effects.persist.push({ kind: "delete-will" });
    }
  }
  for (const index of refused) {
    const pending = item.pending[index - first];
    if (pending === undefined || index < first) continue;
    pending.reason = ReasonCode.quotaExceeded;
    if (pending.qos === 2) session.inbound.free(pending.packetId);
  }
  for (const pending of item.pending) {
    if (pending === undefined || pending.reason !== undefined) continue;
    pending.reason = ReasonCode.success;
    if (pending.qos === 2) {
      const entry = session.inbound.entry(pending.packetId);
      if (entry !== undefined) entry.routed = true;
    }
  }
}

function settleOperation(session: Session, operation: Operation, effects: Effects): void {
  operation.shardsLeft--;
  if (operation.shardsLeft > 0) return;
  const { kind, packetId, reasons } = operation;
  for (const filter of operation.filters) effects.persist.push({ kind: "delete-subscription", filter });
  if (session.connection?.epoch !== operation.epoch) return;
  effects.send.push({ type: kind === "subscribe" ? "suback" : "unsuback", packetId, reasons });
}

/** A shard stayed out of reach. Nothing is acknowledged; the client comes again with what it has not seen confirmed. */
export function failed(session: Session, items: readonly LaneItem[], effects: Effects, nowMs: number): void {
  for (const item of items) {
    if (item.kind !== "publish") continue;
    if (item.will === undefined) session.routingBytes -= item.body.length;
    else if (item.will === session.willInFlight) session.willInFlight = undefined;
  }
  violate(session, ReasonCode.serverUnavailable, "a topic shard does not answer", effects, nowMs);
}
