// The rules of a session: an input, the time, and out come effects. Nothing here waits, reads a clock or touches a
// platform; the object that calls it makes the effects come true in their order.

import type { CallKey } from "../hop/key.ts";
import type { ProtocolFailure } from "../protocol/failure.ts";
import type { ClientPacket } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { puback, pubcomp, pubrec, pubrel } from "./acknowledge.ts";
import { abandon, closed, disconnect, type Expulsion, expel, tick, violate } from "./closing.ts";
import { type ConnectInput, connect } from "./connect.ts";
import { type DeliveryAnswer, type DeliveryPart, deliver } from "./deliver.ts";
import { Effects } from "./effects.ts";
import { fill } from "./fill.ts";
import { type Hold, settleHeld, writeLate } from "./holding.ts";
import { type ClientRights, changeRights } from "./identity.ts";
import { type Managed, type ManageRequest, manage } from "./manage.ts";
import { keepBack } from "./opening.ts";
import type { LaneItem } from "./outgoing.ts";
import type { Parcel, ParcelOutcome } from "./parcel.ts";
import { publish } from "./publish.ts";
import { continueReplays } from "./replay.ts";
import { answered, failed, type ShardAnswer } from "./routing.ts";
import { continueShares } from "./sharing.ts";
import { nextParcel, settleParcel } from "./sink.ts";
import { generationOf, type Session } from "./state.ts";
import { subscribe, unsubscribe } from "./subscribe.ts";

export type SessionInput =
  | ConnectInput
  /** What arrived together. A failure, if any, is the last. */
  | { readonly type: "packets"; readonly packets: readonly (ClientPacket | ProtocolFailure)[] }
  /** What the connected client may do has changed. */
  | ({ readonly type: "rights" } & ClientRights)
  /** The connection is gone, without a DISCONNECT. */
  | { readonly type: "closed" }
  /** It may not stay, and is told why; or its edge tells it, with this word. */
  | ({ readonly type: "expelled" } & Expulsion)
  /** Another connection presented this client id [MQTT-3.1.4-3]. */
  | { readonly type: "taken-over" }
  /** A shard has confirmed what a lane sent it. */
  | {
      readonly type: "answered";
      readonly shard: number;
      readonly items: readonly LaneItem[];
      readonly answer: ShardAnswer;
    }
  /** A shard could not be brought to an answer. */
  | { readonly type: "failed"; readonly items: readonly LaneItem[] }
  /** The client has not acknowledged it in time. */
  | { readonly type: "late"; readonly hold: Hold }
  /** The object woke and found rows of a session that ended with a connection nobody saw end. */
  | { readonly type: "abandoned" }
  /** The alarm. */
  | { readonly type: "tick" };

export function step(session: Session, input: SessionInput, nowMs: number): Effects {
  const effects = begin(session);
  switch (input.type) {
    case "connect":
      connect(session, input, effects, nowMs);
      break;
    case "packets":
      takePackets(session, input.packets, effects, nowMs);
      break;
    case "rights":
      changeRights(session, input, effects, nowMs);
      break;
    case "closed":
      closed(session, effects, nowMs);
      break;
    case "expelled":
      expel(session, input, effects, nowMs);
      break;
    case "taken-over":
      violate(session, ReasonCode.sessionTakenOver, "taken over", effects, nowMs);
      break;
    case "answered":
      answered(session, input.shard, input.items, input.answer, effects, nowMs);
      break;
    case "failed":
      failed(session, input.items, effects, nowMs);
      break;
    case "late":
      writeLate(session, input.hold, effects);
      break;
    case "abandoned":
      abandon(session, effects, nowMs);
      break;
    case "tick":
      tick(session, effects, nowMs);
      break;
    default:
      input satisfies never;
  }
  finish(session, effects);
  return effects;
}

/**
 * Packets that arrived together, cut into what one step can take: a SUBSCRIBE or UNSUBSCRIBE has to see the rows that the
 * one before it wrote.
 */
export function* inSteps(
  packets: readonly (ClientPacket | ProtocolFailure)[],
): Generator<(ClientPacket | ProtocolFailure)[]> {
  let start = 0;
  let changesRows = false;
  for (const [index, { type }] of packets.entries()) {
    if (type !== "subscribe" && type !== "unsubscribe") continue;
    if (changesRows) {
      yield packets.slice(start, index);
      start = index;
    }
    changesRows = true;
  }
  yield packets.slice(start);
}

function takePackets(
  session: Session,
  packets: readonly (ClientPacket | ProtocolFailure)[],
  effects: Effects,
  nowMs: number,
): void {
  const changesBefore = session.window.changes;
  for (const packet of packets) {
    // Nothing that follows a DISCONNECT or a violation counts [MQTT-3.14.4-1].
    if (session.connection === undefined) break;
    takePacket(session, packet, effects, nowMs);
  }
  if (session.connection === undefined || session.window.changes === changesBefore) return;
  fill(session, effects, nowMs);
  continueReplays(session, effects);
  continueShares(session, effects);
}

function takePacket(session: Session, packet: ClientPacket | ProtocolFailure, effects: Effects, nowMs: number): void {
  switch (packet.type) {
    case "publish":
      return publish(session, packet, effects, nowMs);
    case "puback":
      return puback(session, packet, effects);
    case "pubrec":
      return pubrec(session, packet, effects);
    case "pubrel":
      return pubrel(session, packet, effects);
    case "pubcomp":
      return pubcomp(session, packet, effects);
    case "subscribe":
      return subscribe(session, packet, effects, nowMs);
    case "unsubscribe":
      return unsubscribe(session, packet, effects, nowMs);
    case "pingreq":
      // The edge answers pings; one that comes through is answered all the same [MQTT-3.12.4-1].
      effects.send.push({ type: "pingresp" });
      return;
    case "disconnect":
      return disconnect(session, packet, effects, nowMs);
    case "connect":
      return violate(session, ReasonCode.protocolError, "MQTT-3.1.0-2: second CONNECT", effects, nowMs);
    case "auth":
      // The edge takes every AUTH, so this one is not of an exchange.
      return violate(session, ReasonCode.protocolError, "MQTT-4.12.0-7: AUTH outside an exchange", effects, nowMs);
    case "failure":
      return violate(session, packet.reason, `${packet.rule}: ${packet.detail}`, effects, nowMs);
    default:
      packet satisfies never;
  }
}

/** Messages from a shard; see src/session/deliver.ts. */
export function take(
  session: Session,
  shard: number,
  parts: readonly DeliveryPart[],
  nowMs: number,
): { readonly effects: Effects; readonly answer: DeliveryAnswer } {
  const effects = begin(session);
  const answer = deliver(session, shard, parts, effects, nowMs);
  finish(session, effects);
  return { effects, answer };
}

/** What an operator or a worker asks for over HTTP; see src/session/manage.ts. */
export function administer(
  session: Session,
  request: ManageRequest,
  ticket: number,
  nowMs: number,
): Managed & { readonly effects: Effects } {
  const effects = begin(session);
  const managed = manage(session, request, ticket, effects, nowMs);
  finish(session, effects);
  return { ...managed, effects };
}

/** What goes to the session's sink now; see src/session/sink.ts. */
export function takeParcel(
  session: Session,
  nowMs: number,
): { readonly effects: Effects; readonly parcel: Parcel | undefined } {
  const effects = begin(session);
  const parcel = nextParcel(session, effects, nowMs);
  finish(session, effects);
  return { effects, parcel };
}

export function parcelSettled(
  session: Session,
  parcel: Parcel,
  outcome: ParcelOutcome,
  jitter: number,
  nowMs: number,
): Effects {
  const effects = begin(session);
  settleParcel(session, parcel, outcome, jitter, effects, nowMs);
  finish(session, effects);
  return effects;
}

/** The caller says that its calls before this one are over. One that finds no session finds none later either. */
export function endEarlierCalls(session: Session, key: CallKey, nowMs: number): Effects {
  const effects = new Effects();
  if (generationOf(session) !== undefined) effects.persist.push({ kind: "end-earlier-calls", key, atMs: nowMs });
  return effects;
}

/** What earlier steps appended and dropped is written. Not so within a step, which may do both several times. */
function begin({ queue }: Session): Effects {
  queue.settle();
  return new Effects();
}

/** Rows that change many times in a step are written once, at its end. */
function finish(session: Session, effects: Effects): void {
  session.opening = keepBack(session, effects);
  if (session.holding.held.length > 0) settleHeld(session, effects);
  const inbound = session.inbound.takeChanges();
  if (inbound !== undefined) effects.persist.push({ kind: "put-inbound", changes: inbound });
  if (effects.windowChanged && session.record !== undefined) {
    const { durableDupBelow: dupBelow, exactBelow } = session;
    const { next: _next, ...window } = session.window.rewound(dupBelow);
    const { usedBelow } = session.holding;
    const used = usedBelow > 0 ? { usedBelow } : {};
    effects.persist.push({ kind: "put-window", window: { ...window, exactBelow, ...used } });
  }
}
