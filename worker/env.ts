import type { SessionDirectory } from "./directory/object.ts";
import type { SessionObject } from "./session/object.ts";
import type { TopicShard } from "./shard/object.ts";

/** Bindings and variables as wrangler.toml declares them. Variables are strings: see config.ts. */
export interface Env {
  readonly SESSION: DurableObjectNamespace<SessionObject>;
  readonly SHARD: DurableObjectNamespace<TopicShard>;
  readonly DIRECTORY: DurableObjectNamespace<SessionDirectory>;
  /** Who may connect, and what they may do; see worker/d1. */
  readonly CONTROL: D1Database;
  /** The built dashboard; see page.ts. */
  readonly ASSETS: Fetcher;
  readonly ADMIN_KEY?: string;
  readonly ALLOW_ANONYMOUS?: string;
  readonly SCRAM_USERS?: string;
  readonly TOPIC_SHARDS?: string;
  readonly TOPIC_SHARD_DEPTH?: string;
  readonly DIRECTORY_SHARDS?: string;
  readonly JURISDICTION?: string;
  readonly SHARD_LOCATION_HINT?: string;
  readonly MAXIMUM_PACKET_BYTES?: string;
  readonly QUEUE_MESSAGES_MAX?: string;
  readonly QUEUE_BYTES_MAX?: string;
  readonly QUEUE_POLICY?: string;
  readonly INFLIGHT_MAX?: string;
  readonly HELD_MESSAGES_MAX?: string;
  readonly RECEIVE_MAXIMUM?: string;
  readonly ROUTING_BYTES_MAX?: string;
  readonly SUBSCRIPTIONS_MAX?: string;
  readonly TOPIC_LEVELS_MAX?: string;
  readonly TOPIC_ALIAS_MAXIMUM?: string;
  readonly MAXIMUM_QOS?: string;
  readonly RETAIN_AVAILABLE?: string;
  readonly WILDCARD_AVAILABLE?: string;
  readonly SHARED_AVAILABLE?: string;
  readonly SHARED_STRATEGY?: string;
  readonly SERVER_KEEP_ALIVE_SECONDS?: string;
  readonly RESPONSE_INFORMATION?: string;
  readonly SERVER_REFERENCE?: string;
  readonly SERVER_REDIRECT?: string;
  readonly SESSION_EXPIRY_SECONDS_MAX?: string;
  readonly DELAYED_SECONDS_MAX?: string;
  readonly DELAYED_MESSAGES_MAX?: string;
  readonly DELAYED_BYTES_MAX?: string;
  readonly RETAINED_MESSAGES_MAX?: string;
  readonly RETAINED_BYTES_MAX?: string;
  readonly PAYLOAD_FORMAT_VALIDATED?: string;
  readonly CONTROL_CHARACTERS?: string;
  readonly CONNECT_TIMEOUT_SECONDS?: string;
}
