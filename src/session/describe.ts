// Everything that is known of one session, for who operates the broker.

import type { Standing } from "../directory/entry.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { Progress } from "../queue/window.ts";
import type { Report } from "./effects.ts";
import type { SessionLimits } from "./limits.ts";
import { standingOf } from "./standing.ts";
import { type Connection, queueDepth, type Session } from "./state.ts";

export type ConnectionDescription = Pick<
  Connection,
  | "connectedAtMs"
  | "keepAliveSeconds"
  | "receiveMaximum"
  | "maximumPacketBytes"
  | "topicAliasMaximum"
  | "requestProblemInformation"
> & { readonly version: ProtocolVersion };

export interface Description {
  readonly kind: "described";
  readonly standing: Standing;
  readonly connection?: ConnectionDescription;
  /** Whether the session outlives its connection, and how long. */
  readonly expirySeconds: number;
  readonly limits: Pick<
    SessionLimits,
    | "queueMessagesMax"
    | "queueBytesMax"
    | "queuePolicy"
    | "inflightMax"
    | "subscriptionsMax"
    | "receiveMaximum"
    | "maximumPacketBytes"
  >;
  readonly subscriptions: number;
  /** Messages waiting or unacknowledged, and the bytes of their segments. */
  readonly queueMessages: number;
  readonly queueBytes: number;
  /** Sent to the client and not finished. */
  readonly inflight: number;
  /** Handed out over HTTP and not finished. */
  readonly leased: number;
  /** Identifiers of QoS 2 messages that the client has not released. */
  readonly inboundQos2: number;
  /** A will is kept for the living connection. */
  readonly hasWill: boolean;
  /** Wills that wait for their delay, or for a shard. */
  readonly dueWills: number;
  readonly drops: Readonly<Record<string, number>>;
  /** The last drops and refusals, as far as its object remembers them. */
  readonly recent?: readonly RecentReport[];
}

export interface RecentReport extends Report {
  readonly atMs: number;
}

export function describe(session: Session): Description {
  const { connection, record, limits, window, queue, leases, inbound, will, dueWills, reads } = session;
  return {
    kind: "described",
    standing: standingOf(session),
    ...(connection === undefined ? {} : { connection: describeConnection(connection) }),
    expirySeconds: record?.expirySeconds ?? 0,
    limits: {
      queueMessagesMax: limits.queueMessagesMax,
      queueBytesMax: limits.queueBytesMax,
      queuePolicy: limits.queuePolicy,
      inflightMax: limits.inflightMax,
      subscriptionsMax: limits.subscriptionsMax,
      receiveMaximum: limits.receiveMaximum,
      maximumPacketBytes: limits.maximumPacketBytes,
    },
    subscriptions: reads.subscriptionCount(),
    queueMessages: queueDepth(session),
    queueBytes: queue.bytes,
    inflight: window.inflight,
    // Of what the client has finished since, a lease may be remembered.
    leased: [...leases.positions].filter((position) => window.progressAt(position) !== Progress.done).length,
    inboundQos2: inbound.size,
    hasWill: will !== undefined,
    dueWills: dueWills.length,
    drops: Object.fromEntries(reads.drops()),
  };
}

function describeConnection(connection: Connection): ConnectionDescription {
  const { version, connectedAtMs, keepAliveSeconds, receiveMaximum } = connection;
  const { maximumPacketBytes, topicAliasMaximum, requestProblemInformation } = connection;
  return {
    version,
    connectedAtMs,
    keepAliveSeconds,
    receiveMaximum,
    maximumPacketBytes,
    topicAliasMaximum,
    requestProblemInformation,
  };
}
