// Deployments that worlds run under: variables as an operator would set them, and what then does not hold any more. Limits
// are small where something full is to be met.

export interface Profile {
  readonly variables: Readonly<Record<string, string>>;
  /** Publishers are refused for a full queue. */
  readonly refuses?: true;
  /** Messages of a full queue are dropped, also acknowledged ones. */
  readonly drops?: true;
  /** Subscriptions are refused, and messages not retained. */
  readonly hasSmallStores?: true;
  /** All that is retained may be more than a queue holds: of a subscriber to everything some is dropped. */
  readonly overflowsWithRetained?: true;
}

export const profiles: Readonly<Record<string, Profile>> = {
  usual: { variables: { TOPIC_SHARDS: "4" } },
  oneShard: { variables: { TOPIC_SHARDS: "1" } },
  shallow: { variables: { TOPIC_SHARDS: "3", TOPIC_SHARD_DEPTH: "1" } },
  relayed: { variables: { TOPIC_SHARDS: "2", FAN_OUT_DIRECT_MAX: "0" } },
  smallWindow: { variables: { TOPIC_SHARDS: "2", INFLIGHT_MAX: "3", RECEIVE_MAXIMUM: "20" } },
  smallQueue: { variables: { TOPIC_SHARDS: "2", QUEUE_MESSAGES_MAX: "30" }, refuses: true },
  smallQueueBytes: {
    variables: { TOPIC_SHARDS: "2", QUEUE_BYTES_MAX: "30000" },
    refuses: true,
    overflowsWithRetained: true,
  },
  dropOldest: {
    variables: { TOPIC_SHARDS: "2", QUEUE_MESSAGES_MAX: "30", QUEUE_POLICY: "drop-oldest" },
    drops: true,
  },
  dropNewest: {
    variables: { TOPIC_SHARDS: "2", QUEUE_MESSAGES_MAX: "30", QUEUE_POLICY: "drop-newest" },
    drops: true,
  },
  smallStores: {
    variables: { TOPIC_SHARDS: "2", SUBSCRIPTIONS_MAX: "4", RETAINED_MESSAGES_MAX: "2" },
    hasSmallStores: true,
  },
};
