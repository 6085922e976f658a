// The broker's objects as tests reach them.

import { env } from "cloudflare:workers";
import { shardOf } from "../../../src/topic/shards.ts";
import { configOf } from "../../../worker/config.ts";
import { sessionName, shardName } from "../../../worker/names.ts";
import type { SessionObject } from "../../../worker/session/object.ts";
import type { TopicShard } from "../../../worker/shard/object.ts";

export function sessionOf(clientId: string): DurableObjectStub<SessionObject> {
  return env.SESSION.getByName(sessionName(clientId));
}

export function shardIndexOf(topic: string): number {
  const { topicShardDepth, topicShards } = configOf(env);
  return shardOf(topic, topicShardDepth, topicShards);
}

export function shardOfTopic(topic: string): DurableObjectStub<TopicShard> {
  return env.SHARD.getByName(shardName(shardIndexOf(topic)));
}
