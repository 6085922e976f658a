// The broker that is fuzzed. Some of those who send anything subscribe to everything and stay away: their queues give up
// the oldest instead of refusing what others publish, which would be in order, and no neighbour's peace.

export const fuzzSettings = { QUEUE_POLICY: "drop-oldest", QUEUE_MESSAGES_MAX: "100", TOPIC_SHARDS: "4" } as const;
