import type { SessionObject } from "./session/object.ts";
import type { TopicShard } from "./shard/object.ts";

export interface Env {
  readonly SESSION: DurableObjectNamespace<SessionObject>;
  readonly SHARD: DurableObjectNamespace<TopicShard>;
  readonly TOPIC_SHARDS: string;
  readonly TOPIC_SHARD_DEPTH: string;
}
