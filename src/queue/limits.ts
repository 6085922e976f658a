// What a session may keep and have under way. Every number has a default here and may be set per deployment.

export type FullQueuePolicy = "reject" | "drop-oldest" | "drop-newest";

export interface QueueLimits {
  /** Messages waiting or unacknowledged in one session. */
  readonly queueMessagesMax: number;
  /** Bytes of the same. */
  readonly queueBytesMax: number;
  readonly queuePolicy: FullQueuePolicy;
  /** Messages in flight to one client, whatever Receive Maximum it announces. */
  readonly inflightMax: number;
  /** Messages of a batch that is not written if its client acknowledges it at once; 0: every batch is written. */
  readonly heldMessagesMax: number;
}

export const defaultQueueLimits: QueueLimits = {
  queueMessagesMax: 10_000,
  queueBytesMax: 64 * 1024 * 1024,
  queuePolicy: "reject",
  inflightMax: 1_024,
  heldMessagesMax: 64,
};
