// Wills. The living connection has at most one; when it ends without a DISCONNECT the will becomes due, at once or after
// its delay [MQTT-3.1.2-8], and stays in the database until a shard has confirmed it. Several may be due: a later
// connection has a will of its own.
//
// A will is routed as a source of its own, under a sequence that is durable before it leaves. Whatever happens, it is
// tried again under the same sequence and published once. All that are due leave in the order of their sequences.

import { stamped } from "../queue/record.ts";
import type { DueWill } from "./changes.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";

/** A will that no shard could take is tried again after this. */
const retryMs = 30_000;

/** The connection ended without taking its will back. */
export function startWill(session: Session, delayMs: number, effects: Effects, nowMs: number): void {
  const { will } = session;
  if (will === undefined) return;
  session.will = undefined;
  effects.persist.push({ kind: "delete-will" });
  const id = Math.max(nowMs, (session.dueWills.at(-1)?.id ?? 0) + 1);
  const due: DueWill = { ...will, id, dueAtMs: nowMs + delayMs, sequence: 0 };
  session.dueWills.push(due);
  // One that leaves at once is written with its sequence.
  if (delayMs > 0) effects.persist.push({ kind: "put-due-will", will: due });
  routeDueWills(session, effects, nowMs);
}

/** Back within the delay: what is not on its way yet is not sent [MQTT-3.1.3-9]. */
export function cancelWills(session: Session, effects: Effects): void {
  session.dueWills = session.dueWills.filter((will) => {
    if (will.sequence > 0) return true;
    effects.persist.push({ kind: "delete-due-will", id: will.id });
    return false;
  });
}

/** A will does not outwait its session [MQTT-3.1.2-8]. */
export function hastenWills(session: Session, effects: Effects, nowMs: number): void {
  session.dueWills = session.dueWills.map((will) => (will.sequence > 0 ? will : { ...will, dueAtMs: nowMs }));
  routeDueWills(session, effects, nowMs);
}

export function routeDueWills(session: Session, effects: Effects, nowMs: number): void {
  for (const [index, will] of session.dueWills.entries()) {
    if (will.dueAtMs > nowMs || will.sequence > 0) continue;
    const sequence = nextSequence(session, effects, nowMs);
    const expiresAtMs = will.expiryMs === 0 ? 0 : nowMs + will.expiryMs;
    const due = { ...will, sequence, body: stamped(will.body, sequence, expiresAtMs) };
    session.dueWills[index] = due;
    effects.persist.push({ kind: "put-due-will", will: due });
  }
  // What has a sequence was due, also if the clock has gone back since: a later one must not overtake it.
  const ready = session.dueWills.filter(({ id, sequence }) => sequence > 0 && !session.willsInFlight.has(id));
  for (const will of ready.sort((left, right) => left.sequence - right.sequence)) {
    session.willsInFlight.add(will.id);
    const { shard, body, generation } = will;
    const item = { body, count: 1, pending: [undefined], generation, stream: undefined, will, weight: 0 };
    effects.outbox.push(shard, { kind: "publish", ...item });
  }
}

/** Shards ignore a will whose sequence is not above that of the last one of its session. */
function nextSequence(session: Session, effects: Effects, nowMs: number): number {
  const { record, dueWills } = session;
  const last = Math.max(record?.lastWillSequence ?? 0, ...dueWills.map(({ sequence }) => sequence));
  const sequence = Math.max(nowMs, last + 1);
  // A session without a record ends with its connection, which has one will.
  if (record !== undefined) {
    session.record = { ...record, lastWillSequence: sequence };
    effects.persist.push({ kind: "put-session", record: session.record });
  }
  return sequence;
}

export function willConfirmed(session: Session, will: DueWill, effects: Effects): void {
  session.willsInFlight.delete(will.id);
  session.dueWills = session.dueWills.filter(({ id }) => id !== will.id);
  effects.persist.push({ kind: "delete-due-will", id: will.id });
}

export function willFailed(session: Session, will: DueWill): void {
  session.willsInFlight.delete(will.id);
}

/** When the next will wants to be seen to; undefined when none is due. */
export function nextWillAtMs(session: Session, nowMs: number): number | undefined {
  if (session.dueWills.length === 0) return undefined;
  return Math.min(
    ...session.dueWills.map(({ dueAtMs, sequence }) => (sequence === 0 && dueAtMs > nowMs ? dueAtMs : nowMs + retryMs)),
  );
}
