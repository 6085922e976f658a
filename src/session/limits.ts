// What one session may cost. Defaults here; the deployment's configuration may set each.

import type { LimitOverrides } from "../auth/limits.ts";
import { type ContentRules, defaultContentRules } from "../protocol/content-rules.ts";
import type { QoS } from "../protocol/packet.ts";
import { defaultQueueLimits, type QueueLimits } from "../queue/limits.ts";
import type { SessionOverrides } from "./changes.ts";

export interface SessionLimits extends QueueLimits, ContentRules {
  readonly topicShards: number;
  readonly topicShardDepth: number;
  readonly topicLevelsMax: number;
  readonly subscriptionsMax: number;
  /** QoS 1 and 2 messages of one client that the broker has yet to acknowledge [MQTT-3.3.4-7]. */
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** Aliases that a client may use [MQTT-3.2.2-17]. */
  readonly topicAliasMaximum: number;
  readonly maximumQos: QoS;
  readonly retainAvailable: boolean;
  readonly wildcardAvailable: boolean;
  readonly sharedAvailable: boolean;
  /** What 5.0 clients have to use instead of their own keep-alive; 0: theirs holds. */
  readonly serverKeepAliveSeconds: number;
  /** For clients that ask: the beginning of the topics to build response topics from; "" for none. */
  readonly responseInformation: string;
  /** Another server to tell clients of; "" for none. */
  readonly serverReference: string;
  /** Whether nobody may connect here any more, and is told to go there instead, for now or for good [MQTT 4.11]. */
  readonly serverRedirect: "none" | "use-another-server" | "server-moved";
  /** What one client's messages take that the shards have yet to take over: bounds memory when it sends faster than they do. */
  readonly routingBytesMax: number;
  /** What a 3.x client that publishes what it may not is told: nothing, its message dropped and counted, or the end. */
  readonly deniedPublish: "acknowledge" | "disconnect";
  /** Whether only its own user goes on with the session of a user, or ends it. */
  readonly sessionTakeover: "same-user" | "anyone";
  /** Of one client; 0: no limit. */
  readonly publishMessagesPerSecond: number;
  readonly publishBytesPerSecond: number;
  /** What may come at once after a silence: as much as of so many seconds. */
  readonly publishBurstSeconds: number;
  /** Longest time that `$delayed/<seconds>/<topic>` may ask for; 0: such topics are like any other. */
  readonly delayedSecondsMax: number;
  /** Longest time a session may outlive its connection; 0xFFFFFFFF: for ever. */
  readonly sessionExpirySecondsMax: number;
}

export const defaultSessionLimits: SessionLimits = {
  ...defaultQueueLimits,
  ...defaultContentRules,
  topicShards: 16,
  topicShardDepth: 2,
  topicLevelsMax: 200,
  subscriptionsMax: 1_000,
  receiveMaximum: 1_024,
  maximumPacketBytes: 1024 * 1024,
  topicAliasMaximum: 32,
  maximumQos: 2,
  retainAvailable: true,
  wildcardAvailable: true,
  sharedAvailable: true,
  serverKeepAliveSeconds: 0,
  responseInformation: "",
  serverReference: "",
  serverRedirect: "none",
  routingBytesMax: 16 * 1024 * 1024,
  deniedPublish: "acknowledge",
  sessionTakeover: "same-user",
  publishMessagesPerSecond: 0,
  publishBytesPerSecond: 0,
  publishBurstSeconds: 10,
  delayedSecondsMax: 4_294_967,
  sessionExpirySecondsMax: 0xffff_ffff,
};

/** The session's own word counts before its user's, and that before the deployment's. */
export function limitsFor(
  deployment: SessionLimits,
  ofUser: LimitOverrides | undefined,
  own: SessionOverrides | undefined,
): SessionLimits {
  if (ofUser === undefined && own === undefined) return deployment;
  const { connectionsMax: _connections, connectsPerMinute: _connects, ...ofSession } = ofUser ?? {};
  return { ...deployment, ...ofSession, ...own };
}
