// PUBLISH from the client. Nothing is acknowledged here: the shards are asked first.

import type { Publish } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { shardOf } from "../topic/shards.ts";
import { violate } from "./closing.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";

const rememberedTopicsMax = 1_000;

export function publish(session: Session, packet: Publish, effects: Effects, nowMs: number): void {
  const { connection } = session;
  if (connection === undefined) return;
  if (packet.topicAlias > 0) {
    // CONNACK announced no Topic Alias Maximum [MQTT-3.2.2-18].
    return violate(session, ReasonCode.topicAliasInvalid, "MQTT-3.2.2-18: no topic alias was allowed", effects, nowMs);
  }
  const { qos, packetId } = packet;
  const message = {
    qos,
    retain: packet.retain,
    sequence: 0,
    expiresAtMs: packet.messageExpirySeconds === undefined ? 0 : nowMs + packet.messageExpirySeconds * 1000,
    topicBytes: packet.topicBytes,
    properties: packet.properties,
    payload: packet.payload,
  };
  const shard = shardOfTopic(session, packet.topic);
  const isTooFast = session.routingBytes > session.limits.routingBytesMax;
  if (qos === 0) {
    if (isTooFast) effects.drop("publisher-too-fast", `${connection.clientId}: topic ${packet.topic}`);
    else session.routingBytes += effects.outbox.publish(shard, connection.generation, message, undefined);
    return;
  }
  if (isTooFast) {
    const detail = "more is on its way to the shards than ROUTING_BYTES_MAX";
    return violate(session, ReasonCode.messageRateTooHigh, detail, effects, nowMs);
  }

  const known = qos === 2 ? session.inbound.entry(packetId) : undefined;
  if (known === undefined && connection.version === 5 && quotaIsSpent(session)) {
    const detail = "MQTT-3.3.4-7: more unacknowledged messages than Receive Maximum";
    return violate(session, ReasonCode.receiveMaximumExceeded, detail, effects, nowMs);
  }
  const pending = session.acknowledgements.expect(packetId, qos);
  if (known?.routed) {
    // Held until PUBREL: PUBREC again, and no second delivery [MQTT-4.3.3-10].
    pending.reason = ReasonCode.success;
    session.acknowledgements.flush(effects.send);
    return;
  }
  if (qos === 2) message.sequence = known?.sequence ?? session.inbound.receive(packetId);
  session.routingBytes += effects.outbox.publish(shard, connection.generation, message, pending);
}

/** A QoS 1 message counts until its PUBACK, one of QoS 2 until its PUBCOMP [MQTT-4.9.0-1]. */
function quotaIsSpent({ acknowledgements, inbound, limits }: Session): boolean {
  return acknowledgements.qos1Count + inbound.size >= limits.receiveMaximum;
}

export function shardOfTopic(session: Session, topic: string): number {
  const known = session.shardOfTopic.get(topic);
  if (known !== undefined) return known;
  if (session.shardOfTopic.size >= rememberedTopicsMax) session.shardOfTopic.clear();
  const shard = shardOf(topic, session.limits.topicShardDepth, session.limits.topicShards);
  session.shardOfTopic.set(topic, shard);
  return shard;
}
