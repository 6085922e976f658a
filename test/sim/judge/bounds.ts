// No table and nothing under way exceeds its limit, looked at again and again while a world goes on.

import type { Config } from "../../../worker/config.ts";
import { owedBytesMax, owedCallsMax } from "../../../worker/shard/debts.ts";
import type { ObjectHost } from "../platform/host.ts";
import type { Platform } from "../platform/platform.ts";

interface Bound {
  readonly what: string;
  readonly table: string;
  readonly statement: string;
  readonly max: (config: Config) => number;
}

/** What one call brings may come on top of a full queue: messages of a world's few publishers, none of them large. */
const callMessages = 1_000;
const callBytes = 1024 * 1024;
/** Nothing limits wills that no shard takes, but that each needs a connection of its own. */
const dueWillsMax = 200;
/** Calls of a shard to sessions and groups, or of a session to its shards. */
const callsUnderWayMax = 128;

const bounds: readonly Bound[] = [
  {
    what: "messages queued",
    table: "segment",
    statement: "SELECT COALESCE(SUM(count), 0) AS value FROM segment",
    // What a group hands to a member is bounded by the member's window alone: see docs/guarantees.md.
    max: ({ queueMessagesMax, inflightMax }) => queueMessagesMax + inflightMax + callMessages,
  },
  {
    what: "bytes queued",
    table: "segment",
    statement: "SELECT COALESCE(SUM(bytes), 0) AS value FROM segment",
    max: ({ queueBytesMax }) => queueBytesMax + callBytes,
  },
  {
    what: "subscriptions",
    table: "subscription",
    statement: "SELECT COUNT(*) AS value FROM subscription",
    max: ({ subscriptionsMax }) => subscriptionsMax,
  },
  { what: "wills", table: "will", statement: "SELECT COUNT(*) AS value FROM will", max: () => dueWillsMax },
  {
    what: "retained messages",
    table: "retained",
    statement: "SELECT COUNT(*) AS value FROM retained",
    max: ({ retainedMessagesMax }) => retainedMessagesMax,
  },
  {
    what: "messages kept for one group",
    table: "group_row",
    statement: `SELECT COALESCE(MAX(messages), 0) AS value
      FROM (SELECT SUM(count) AS messages FROM group_row GROUP BY share)`,
    max: ({ queueMessagesMax }) => queueMessagesMax + callMessages,
  },
  {
    what: "calls owed to one session",
    table: "owed",
    statement: "SELECT COALESCE(MAX(calls), 0) AS value FROM (SELECT COUNT(*) AS calls FROM owed GROUP BY target)",
    max: () => owedCallsMax,
  },
  {
    what: "bytes owed to one session",
    table: "owed",
    statement:
      "SELECT COALESCE(MAX(bytes), 0) AS value FROM (SELECT SUM(length(parts)) AS bytes FROM owed GROUP BY target)",
    max: () => owedBytesMax + callBytes,
  },
];

export function exceeded(platform: Platform, config: Config): string[] {
  return [...platform.hosts.values()].flatMap((host) => [...tablesExceeded(host, config), ...callsExceeded(host)]);
}

function tablesExceeded(host: ObjectHost, config: Config): string[] {
  const tables = host.storage.tables();
  return bounds.flatMap(({ what, table, statement, max }) => {
    if (!tables.includes(table)) return [];
    const value = host.storage.execute(statement, [])[0]?.["value"] as number;
    return value > max(config) ? [`${host.name} has ${value} ${what}, ${max(config)} are allowed`] : [];
  });
}

function callsExceeded({ name, life }: ObjectHost): string[] {
  const calls = life?.calls ?? 0;
  return calls > callsUnderWayMax ? [`${name} has ${calls} calls under way`] : [];
}
