// Which events there are, and how they are told from messages.

/** Of the topic that an event has in a webhook's queue: no client can publish there, and no subscription matches it. */
export const eventTopicPrefix = "$event/";

export const eventTypes = [
  "client.connected",
  "client.disconnected",
  "session.created",
  "session.ended",
  "message.dropped",
  "rule.denied",
] as const;

export type EventType = (typeof eventTypes)[number];
