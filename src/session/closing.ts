// The end of a connection, and of a session: wills, expiry, and what is written so that the next connection finds
// everything as it was.

import { nextGeneration } from "../hop/generations.ts";
import type { ProtocolFailure } from "../protocol/failure.ts";
import { type ClientDisconnect, SESSION_NEVER_EXPIRES } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { reasonText } from "../protocol/reason-text.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { byShard } from "./by-shard.ts";
import type { Effects } from "./effects.ts";
import { fill } from "./fill.ts";
import { forgetHeld, writeHeld } from "./holding.ts";
import { continueReplays, giveUpReplays } from "./replay.ts";
import { handBackShared, isWaitedFor, leaveShares, nextHandBackAtMs, routeHandBacks } from "./sharing.ts";
import { sinkWakeAtMs } from "./sink.ts";
import { forgetState, queueDepth, type Session } from "./state.ts";
import { isGivenUp } from "./unfinished.ts";
import { hastenWills, nextWillAtMs, routeDueWills, startWill } from "./wills.ts";

/** First and longest interval at which an object asks whether a client with a will, or with an expiry, is still there. */
const livenessFirstMs = 15_000;
const livenessMaxMs = 2 * 3_600_000;

/** The client broke a rule, or must go: it is told why, in what words its version has [MQTT-4.13.1-1]. */
export function violate(session: Session, reason: ReasonCode, detail: string, effects: Effects, nowMs: number): void {
  const { connection } = session;
  if (connection === undefined) return;
  session.causes = { ...session.causes, disconnected: reasonText(reason) };
  effects.refuse(reasonText(reason), detail);
  if (connection.version === 5) effects.send.push({ type: "disconnect", reason, reasonString: reasonText(reason) });
  effects.close = reason;
  endConnection(session, effects, nowMs, true);
}

export function disconnect(session: Session, packet: ClientDisconnect, effects: Effects, nowMs: number): void {
  const { record } = session;
  if (packet.sessionExpirySeconds !== undefined) {
    // One that was resumed with expiry 0 has a record, until its connection ends.
    if ((record?.expirySeconds ?? 0) === 0 && packet.sessionExpirySeconds > 0) {
      const detail = "DISCONNECT gives a session expiry to a session that had none";
      return violate(session, ReasonCode.protocolError, detail, effects, nowMs);
    }
    if (record !== undefined) {
      const expirySeconds = Math.min(packet.sessionExpirySeconds, session.limits.sessionExpirySecondsMax);
      if (expirySeconds !== record.expirySeconds) {
        session.record = { ...record, expirySeconds };
        effects.persist.push({ kind: "put-session", record: session.record });
      }
    }
  }
  effects.close = ReasonCode.normalDisconnection;
  session.causes = { ...session.causes, disconnected: "client" };
  // Only 0x00 takes the will back [MQTT-3.14.4-3]; 0x04 asks for it.
  endConnection(session, effects, nowMs, packet.reason !== ReasonCode.normalDisconnection);
}

/** The connection broke. */
export function closed(session: Session, effects: Effects, nowMs: number): void {
  session.causes = { ...session.causes, disconnected: "lost" };
  endConnection(session, effects, nowMs, true);
}

export type Expulsion = { readonly failure: ProtocolFailure } | { readonly told: ReasonCode };

/**
 * The client may not stay, for what somebody has decided about it: its will is not published. Its session goes on, and what it may do
 * is seen when it comes again. It is told why, unless its edge does that.
 */
export function expel(session: Session, expulsion: Expulsion, effects: Effects, nowMs: number): void {
  if (session.will !== undefined) effects.persist.push({ kind: "delete-will" });
  session.will = undefined;
  if ("failure" in expulsion) {
    const { reason, rule, detail } = expulsion.failure;
    return violate(session, reason, `${rule}: ${detail}`, effects, nowMs);
  }
  session.causes = { ...session.causes, disconnected: reasonText(expulsion.told) };
  endConnection(session, effects, nowMs, true);
}

export function endConnection(session: Session, effects: Effects, nowMs: number, publishesWill: boolean): void {
  const { connection } = session;
  if (connection === undefined) return;
  session.connection = undefined;
  session.acknowledgements = new Acknowledgements();

  const expirySeconds = session.record?.expirySeconds ?? 0;
  if (session.will !== undefined && !publishesWill) {
    session.will = undefined;
    effects.persist.push({ kind: "delete-will" });
  } else if (session.will !== undefined) {
    startWill(session, Math.min(session.will.delayMs, expirySeconds * 1000), effects, nowMs);
  }

  if (expirySeconds === 0) {
    endSession(session, effects, nowMs, "connection-ended");
    return;
  }
  writeHeld(session, effects);
  rewindWindow(session, connection.offeredBelow, effects);
  leaveShares(session, connection.generation, effects);
  if (session.record !== undefined && expirySeconds !== SESSION_NEVER_EXPIRES) {
    session.record = { ...session.record, expiresAtMs: nowMs + expirySeconds * 1000 };
    effects.persist.push({ kind: "put-session", record: session.record });
  }
}

/** Writes what was sent exactly, if the row does not say so already: a session whose queue is empty costs nothing. */
function rewindWindow(session: Session, offeredBelow: number, effects: Effects): void {
  const { window, queue, reads } = session;
  if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
  window.rewind();
  // What a connection before this one may have been sent, and this one did not come to, may still have been sent.
  if (offeredBelow > session.exactBelow) {
    window.dupBelow = Math.max(window.dupBelow, reads.offeredEnd(session.exactBelow, offeredBelow));
  }
  session.exactBelow = queue.end;
  if (window.head < queue.end || session.durableDupBelow > window.dupBelow) {
    session.durableDupBelow = window.dupBelow;
    effects.windowChanged = true;
  }
}

export type EndCause = "connection-ended" | "expired" | "clean-start" | "operator" | "abandoned";

/** Subscriptions, queue and identifiers go. Shards that miss the message learn it at their next delivery. */
export function endSession(session: Session, effects: Effects, nowMs: number, cause: EndCause): void {
  session.causes = { ...session.causes, ended: cause };
  const { life, lastGeneration } = session;
  // Rows of a session without a record do not say which it was.
  const generation = lastGeneration > 0 ? lastGeneration : nextGeneration(nowMs, life, lastGeneration);
  for (const { shard, items } of byShard(session.reads.subscriptions(), session.limits)) {
    const filters = items.map(({ filter }) => filter);
    effects.outbox.push(shard, { kind: "unsubscribe", generation, filters, operation: undefined });
  }
  // Behind the UNSUBSCRIBE: it goes to others.
  const unfinished = queueDepth(session) - handBackShared(session, effects);
  if (unfinished > 0) effects.drop("session-ended", "undelivered at the end of the session", unfinished);
  giveUpReplays(session, effects);
  hastenWills(session, effects, nowMs);
  forgetHeld(session, effects);
  effects.persist.push({ kind: "end-session" });
  forgetState(session);
}

/** Rows without a session: it ended with a connection whose end nobody saw. */
export function abandon(session: Session, effects: Effects, nowMs: number): void {
  startWill(session, 0, effects, nowMs);
  endSession(session, effects, nowMs, "abandoned");
}

export function tick(session: Session, effects: Effects, nowMs: number): void {
  routeDueWills(session, effects, nowMs);
  routeHandBacks(session, effects);
  if (session.connection !== undefined) {
    // What a worker had over HTTP, and had for too long.
    if (session.leases.size > 0) fill(session, effects, nowMs);
    return;
  }
  const { record, will } = session;
  if (record !== undefined && record.expiresAtMs === 0 && record.expirySeconds !== SESSION_NEVER_EXPIRES) {
    // The client vanished with the broker: its time starts when that is noticed.
    session.record = { ...record, expiresAtMs: nowMs + record.expirySeconds * 1000 };
    effects.persist.push({ kind: "put-session", record: session.record });
  }
  if (will !== undefined) {
    startWill(session, Math.min(will.delayMs, (record?.expirySeconds ?? 0) * 1000), effects, nowMs);
  }
  endIfOver(session, effects, nowMs);
  continueReplays(session, effects);
}

/** Its time may be over before the alarm says so, or it was to end with a connection that broke with the broker. */
export function endIfOver(session: Session, effects: Effects, nowMs: number): void {
  const { connection, record } = session;
  if (connection !== undefined || record === undefined) return;
  const isTimeOver = record.expirySeconds === 0 || (record.expiresAtMs > 0 && record.expiresAtMs <= nowMs);
  if (!isTimeOver && !isGivenUp(record, nowMs)) return;
  startWill(session, 0, effects, nowMs);
  endSession(session, effects, nowMs, record.expirySeconds === 0 ? "connection-ended" : "expired");
}

/** When the session wants to be woken next, in ms since 1970; undefined: never. */
export function wakeAtMs(session: Session, nowMs: number): number | undefined {
  const { connection, record, will } = session;
  const expires = record !== undefined && record.expirySeconds !== SESSION_NEVER_EXPIRES;
  const times: number[] = [];
  const willAtMs = nextWillAtMs(session, nowMs);
  if (willAtMs !== undefined) times.push(willAtMs);
  const handBackAtMs = nextHandBackAtMs(session, nowMs);
  if (handBackAtMs !== undefined) times.push(handBackAtMs);
  if (connection !== undefined && (will !== undefined || expires || isWaitedFor(session))) {
    // Should the broker die with the connection, nobody else would notice that the client is gone. The interval grows
    // with the connection's age, so that it is noticed within as long again, and an old connection costs little.
    const grown = Math.max(livenessFirstMs, connection.keepAliveSeconds * 1500, nowMs - connection.connectedAtMs);
    times.push(nowMs + Math.min(grown, livenessMaxMs));
  }
  const sinkAtMs = sinkWakeAtMs(session, nowMs);
  if (sinkAtMs !== undefined) times.push(sinkAtMs);
  const visibleAtMs = connection === undefined ? undefined : session.leases.nextVisibleAtMs(nowMs);
  if (visibleAtMs !== undefined) times.push(visibleAtMs);
  if (connection === undefined && will !== undefined) times.push(nowMs + livenessFirstMs);
  if (connection === undefined && expires) {
    times.push(record.expiresAtMs === 0 ? nowMs + record.expirySeconds * 1000 : record.expiresAtMs);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
