// Empties a queue on an operator's word. What cannot go is what somebody has in hand: messages in flight to a connected
// client, those that are leased, and those of QoS 2 that were begun with a client, which remembers their identifiers.

import { Progress } from "../queue/window.ts";
import { begunEnd, drop } from "./deliver.ts";
import type { Effects } from "./effects.ts";
import { queueDepth, type Session, wasOffered } from "./state.ts";

export interface PurgeAnswer {
  readonly kind: "purged";
  readonly purged: number;
  /** Messages that somebody has in hand. */
  readonly left: number;
}

export function purge(session: Session, effects: Effects): PurgeAnswer {
  const { window, queue } = session;
  const before = queueDepth(session);
  const begun = begunEnd(session);
  if (session.connection === undefined) purgeBegun(session, Math.min(begun, queue.end, window.spanEnd));
  const last = window.gaps.at(-1);
  const first = Math.max(begun, window.head, last?.to ?? 0);
  if (first < queue.end) drop(session, last?.to === first ? last.from : first, first, queue.end, effects);
  const left = queueDepth(session);
  if (left < before) {
    effects.drop("purged", "an operator has emptied the queue", before - left);
    effects.windowChanged = true;
    if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
  }
  return { kind: "purged", purged: before - left, left };
}

/** Of QoS 1: nobody is connected, so nobody can acknowledge them any more under these identifiers. */
function purgeBegun(session: Session, end: number): void {
  const { window, queue, leases } = session;
  for (let position = window.head; position < end; position++) {
    if (window.progressAt(position) !== Progress.untouched || window.isDropped(position)) continue;
    if (leases.of(position) !== undefined) continue;
    const found = queue.read(position);
    if (found === undefined) continue;
    const isBegun = position < window.dupBelow || wasOffered(session, position, found.offered);
    if (!isBegun || found.reader.qos === 1) window.settle(position);
  }
}
