// What one session may cost. Defaults here; the deployment's configuration may set each.

import { defaultQueueLimits, type QueueLimits } from "../queue/limits.ts";

export interface SessionLimits extends QueueLimits {
  readonly topicShards: number;
  readonly topicShardDepth: number;
  readonly topicLevelsMax: number;
  readonly subscriptionsMax: number;
  /** QoS 1 and 2 messages of one client that the broker has yet to acknowledge [MQTT-3.3.4-7]. */
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** Bytes of one client's messages that the shards have yet to take: bounds memory when it sends faster than they do. */
  readonly routingBytesMax: number;
  /** Longest time a session may outlive its connection; 0xFFFFFFFF: for ever. */
  readonly sessionExpirySecondsMax: number;
}

export const defaultSessionLimits: SessionLimits = {
  ...defaultQueueLimits,
  topicShards: 16,
  topicShardDepth: 2,
  topicLevelsMax: 200,
  subscriptionsMax: 1_000,
  receiveMaximum: 1_024,
  maximumPacketBytes: 1024 * 1024,
  routingBytesMax: 16 * 1024 * 1024,
  sessionExpirySecondsMax: 0xffff_ffff,
};
