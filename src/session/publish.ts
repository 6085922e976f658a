// PUBLISH from the client. Nothing is acknowledged here: the shards are asked first.

import type { Publish } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { topicBehind } from "../topic/delayed.ts";
import { violate } from "./closing.ts";
import type { Effects } from "./effects.ts";
import { acknowledgementBytes } from "./outgoing.ts";
import { publishDenial } from "./permission.ts";
import { illFormed, type Refusal, shardForName } from "./place.ts";
import type { AliasedTopic, Session } from "./state.ts";

const encoder = new TextEncoder();

export function publish(session: Session, packet: Publish, effects: Effects, nowMs: number): void {
  const { connection } = session;
  if (connection === undefined) return;
  const { limits } = session;
  if (packet.qos > limits.maximumQos) {
    const detail = `MQTT-3.2.2-11: QoS ${packet.qos} is above the maximum`;
    return violate(session, ReasonCode.qosNotSupported, detail, effects, nowMs);
  }
  if (packet.retain && !limits.retainAvailable) {
    return violate(session, ReasonCode.retainNotSupported, "MQTT-3.2.2-14: RETAIN 1", effects, nowMs);
  }
  const aliased = topicOf(session, packet, effects);
  if (aliased === undefined) {
    const detail = `MQTT-3.3.2-12: alias ${packet.topicAlias} stands for no topic`;
    return violate(session, ReasonCode.protocolError, detail, effects, nowMs);
  }
  const { topic, topicBytes } = aliased;
  const { qos, packetId } = packet;
  const message = {
    qos,
    retain: packet.retain,
    sequence: 0,
    expiresAtMs: packet.messageExpirySeconds === undefined ? 0 : nowMs + packet.messageExpirySeconds * 1000,
    topicBytes,
    properties: packet.properties,
    payload: packet.payload,
  };
  const known = qos === 2 ? session.inbound.entry(packetId) : undefined;
  // What is known was taken over before, when it was in order or nobody asked: it is not judged again.
  const isIllFormed = packet.payloadIsIllFormed && known === undefined;
  const shard =
    (known === undefined ? (denied(session, topic, packet) ?? tooOften(session, topic, packet, nowMs)) : undefined) ??
    (isIllFormed ? illFormed({ topic }) : shardFor(session, topic));
  const isTooFast = bytesUnderWay(session) > limits.routingBytesMax;
  if (typeof shard === "object" && shard.reason === "publish-denied" && connection.version !== 5) {
    if (limits.deniedPublish === "disconnect") return violate(session, shard.code, shard.detail, effects, nowMs);
    if (qos > 0 && !isTooFast) return acknowledgeDenied(session, packet, shard, effects);
  }
  if (qos === 0) {
    if (typeof shard === "object") effects.drop(shard.reason, shard.detail);
    else if (isTooFast) effects.drop("publisher-too-fast", `topic ${topic}`);
    else session.routingBytes += effects.outbox.publish(shard, connection.generation, message, undefined);
    return;
  }
  if (isTooFast) {
    const detail = "more is on its way to the shards than ROUTING_BYTES_MAX";
    return violate(session, ReasonCode.messageRateTooHigh, detail, effects, nowMs);
  }

  const { acknowledgements } = session;
  const counts = qos === 1 || !acknowledgements.isOpen(packetId);
  if (counts && connection.version === 5 && acknowledgements.openCount >= limits.receiveMaximum) {
    const detail = "MQTT-3.3.4-7: more unacknowledged messages than Receive Maximum";
    return violate(session, ReasonCode.receiveMaximumExceeded, detail, effects, nowMs);
  }
  if (typeof shard === "object") {
    effects.refuse(shard.reason, shard.detail);
    // Before 5.0 no acknowledgement can say no.
    if (connection.version !== 5) return violate(session, shard.code, shard.detail, effects, nowMs);
    // In its turn, like any other [MQTT-4.6.0-2]; only the message is refused, not the connection.
    acknowledgements.expect(packetId, qos, known).reason = shard.code;
    return acknowledgements.flush(effects.send, session.inbound, connection);
  }
  const entry = qos === 2 ? session.inbound.receive(packetId) : undefined;
  const pending = acknowledgements.expect(packetId, qos, entry);
  if (entry?.routed) {
    // Held until PUBREL: PUBREC again, and no second delivery [MQTT-4.3.3-10].
    pending.reason = ReasonCode.success;
    return acknowledgements.flush(effects.send, session.inbound, connection);
  }
  message.sequence = entry?.sequence ?? 0;
  session.routingBytes += effects.outbox.publish(shard, connection.generation, message, pending);
}

/**
 * Before 5.0 nothing bounds how many messages a client has under way but memory, and nothing keeps it from using an identifier again.
 * An acknowledgement may wait for one before it, when its own message is on its way no more.
 */
function bytesUnderWay({ routingBytes, acknowledgements }: Session): number {
  return Math.max(routingBytes, acknowledgements.waiting * acknowledgementBytes);
}

/** The topic in the packet or behind its alias, which a topic sets [MQTT-3.3.2-12]; undefined if nothing set it. */
function topicOf(session: Session, packet: Publish, effects: Effects): AliasedTopic | undefined {
  const { topicAlias: alias, topic, topicBytes } = packet;
  if (alias === 0) return packet;
  const known = session.incomingAliases.get(alias) ?? storedAlias(session, alias);
  if (topic === "") return known;
  if (known?.topic !== topic) {
    session.incomingAliases.set(alias, { topic, topicBytes });
    // Written down, because the object may sleep while the connection goes on.
    effects.persist.push({ kind: "put-alias", alias, topic });
  }
  return packet;
}

function storedAlias(session: Session, alias: number): AliasedTopic | undefined {
  const topic = session.reads.aliasTopic(alias);
  if (topic === undefined) return undefined;
  const aliased = { topic, topicBytes: encoder.encode(topic) };
  session.incomingAliases.set(alias, aliased);
  return aliased;
}

/** Asked before anything else about the topic: who may not publish learns nothing. */
function denied(session: Session, name: string, packet: Publish): Refusal | undefined {
  const { permissions, limits } = session;
  if (permissions === undefined) return undefined;
  // A delay that is none is refused as such, unless its topic as it stands is not allowed either.
  const denial = publishDenial(permissions, topicBehind(name, limits.delayedSecondsMax) ?? name, packet);
  return denial === undefined
    ? undefined
    : { reason: "publish-denied", code: ReasonCode.notAuthorized, detail: denial };
}

function tooOften(session: Session, topic: string, packet: Publish, nowMs: number): Refusal | undefined {
  const bytes = topic.length + packet.properties.length + packet.payload.length;
  if (session.publishRate.take(bytes, session.limits, nowMs)) return undefined;
  return { reason: "publish-rate", code: ReasonCode.quotaExceeded, detail: `topic ${topic}` };
}

/** Before 5.0 no acknowledgement can say no: the message goes as if it were taken, and is counted. */
function acknowledgeDenied(session: Session, { packetId, qos }: Publish, refusal: Refusal, effects: Effects): void {
  const { acknowledgements, inbound, connection } = session;
  if (qos === 0 || connection === undefined) return;
  effects.drop(refusal.reason, refusal.detail);
  acknowledgements.expect(packetId, qos, undefined).reason = ReasonCode.success;
  acknowledgements.flush(effects.send, inbound, connection);
}

function shardFor(session: Session, name: string): number | Refusal {
  const known = session.shardOfTopic.get(name);
  if (known !== undefined) return known;
  const shard = shardForName(name, session.limits);
  if (typeof shard === "object") return shard;
  session.shardOfTopic.set(name, shard);
  return shard;
}
