// Where a message goes, or why nobody takes it, though whoever sent it goes on.

import type { Publish } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { topicBehind } from "../topic/delayed.ts";
import { isReserved, levelCount } from "../topic/name.ts";
import { shardOf } from "../topic/shards.ts";
import type { SessionLimits } from "./limits.ts";

export interface Refusal {
  readonly reason: string;
  readonly code: ReasonCode;
  readonly detail: string;
}

type PlaceLimits = Pick<SessionLimits, "delayedSecondsMax" | "topicLevelsMax" | "topicShardDepth" | "topicShards">;

/** The shard of a topic name. What is to be delayed goes to the shard of the topic that it is for. */
export function shardForName(name: string, limits: PlaceLimits): number | Refusal {
  const { delayedSecondsMax, topicLevelsMax, topicShardDepth, topicShards } = limits;
  const topic = topicBehind(name, delayedSecondsMax);
  const code = ReasonCode.topicNameInvalid;
  if (topic === undefined) {
    const detail = `not a delay of at most ${delayedSecondsMax} seconds and a topic: ${name}`;
    return { reason: "delay-invalid", code, detail };
  }
  if (levelCount(topic) > topicLevelsMax) {
    return { reason: "topic-levels", code, detail: `more than ${topicLevelsMax} topic levels` };
  }
  if (isReserved(topic)) {
    return { reason: "topic-reserved", code: ReasonCode.notAuthorized, detail: `topic ${topic}` };
  }
  return shardOf(topic, topicShardDepth, topicShards);
}

export function illFormed({ topic }: Pick<Publish, "topic">): Refusal {
  const detail = `MQTT 3.3.2.3.2: topic ${topic}, a payload that is not UTF-8`;
  return { reason: "payload-format-invalid", code: ReasonCode.payloadFormatInvalid, detail };
}
