// A session that is made with subscriptions: its client hears of it when they are routed in every shard concerned, so that
// nothing which is published after CONNACK is missed. Whatever else is for the client waits behind CONNACK [MQTT-3.2.0-1].
//
// Should the broker die meanwhile, the client has heard nothing, and its next CONNECT asks the shards again. Should a shard stay
// away, CONNACK says so.

import type { ServerPacket } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { refusingConnack } from "./admission.ts";
import type { SessionRecord } from "./changes.ts";
import { endConnection } from "./closing.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";
import { type SubscriptionRequest, subscribeFirst } from "./subscribe.ts";
import { reconsiderSys } from "./sys.ts";

/** In the step of CONNECT, behind CONNACK. */
export function open(session: Session, requests: readonly SubscriptionRequest[], effects: Effects): void {
  const { connection, record } = session;
  if (connection === undefined) return;
  if (!subscribeFirst(session, requests, connection.epoch, effects)) return;
  session.opening = [];
  if (record === undefined || record.firstSubscriptions !== undefined) return;
  putRecord(session, { ...record, firstSubscriptions: requests }, effects);
}

/** The shards have confirmed them. */
export function opened(session: Session, effects: Effects): void {
  effects.send.unshift(...(session.opening ?? []));
  session.opening = undefined;
  reconsiderSys(session, effects);
  if (session.record?.firstSubscriptions === undefined) return;
  const { firstSubscriptions: _confirmed, ...record } = session.record;
  putRecord(session, record, effects);
}

/** At the end of a step: what it sends waits, and so does what its edge would send of $SYS, unless it ends the connection. */
export function keepBack({ opening, connection }: Session, effects: Effects): ServerPacket[] | undefined {
  if (opening === undefined) return undefined;
  opening.push(...effects.send.splice(0));
  effects.sysChanged = false;
  if (connection !== undefined) return opening;
  effects.send.push(...opening);
  return undefined;
}

/** A shard stays out of reach: there is no session yet that its client knows of. */
export function refuseOpening(session: Session, effects: Effects, nowMs: number): void {
  session.opening = undefined;
  effects.refuse(
    "opening-failed",
    "a topic shard does not answer, and the session has subscriptions of a template there",
  );
  effects.send.push(refusingConnack(ReasonCode.serverUnavailable, session.limits));
  effects.close = ReasonCode.serverUnavailable;
  endConnection(session, effects, nowMs, false);
}

function putRecord(session: Session, record: SessionRecord, effects: Effects): void {
  session.record = record;
  effects.persist.push({ kind: "put-session", record });
}
