// The SQL of a topic shard: routes, retained messages, the cursors of QoS 2 publishers, the outbox; groups, delayed messages and
// requests have files of their own.

import type { LastCall } from "../hop/fence.ts";
import type { QoS } from "../protocol/packet.ts";
import type { RetainedTotals } from "../retain/quota.ts";
import type { HeadQuery, RetainedHead } from "../retain/sweep.ts";
import type { OwedCall, OwedKey, OwedTarget, Route, ShardChange, ShardReads, StoredCursor } from "../shard/changes.ts";
import type { OrderedKeys } from "../topic/key.ts";
import { DelayedRows, delayedTables } from "./delayed-rows.ts";
import { GroupRows, groupRowQos, groupTables } from "./group-rows.ts";
import { type Migrations, migrate, schemaVersion } from "./migrations.ts";
import { packParts, unpackParts } from "./owed-parts.ts";
import { RequestRows, requestTables } from "./request-rows.ts";
import { type SavedKey, type SavedKind, type ShardPage, shardPage } from "./shard-pages.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { SubscriptionRows } from "./subscription-rows.ts";
import { callerName, Sweep, sourceKeptMs } from "./sweep.ts";
import { TraceMarks, traceMarkTables } from "./trace-marks.ts";

// Keys are compared as the bytes of their UTF-8, which is SQLite's own order and what OrderedKeys asks for.
const migrations: Migrations = [
  [
    `CREATE TABLE route (key TEXT, session TEXT, generation INTEGER NOT NULL, qos INTEGER NOT NULL,
      no_local INTEGER NOT NULL, retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL,
      PRIMARY KEY (key, session)) WITHOUT ROWID`,
    "CREATE TABLE retained (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    `CREATE TABLE source (source TEXT PRIMARY KEY, generation INTEGER NOT NULL, sequence INTEGER NOT NULL,
      at_ms INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE owed (target TEXT, incarnation INTEGER, sequence INTEGER, parts BLOB NOT NULL,
      PRIMARY KEY (target, incarnation, sequence)) WITHOUT ROWID`,
  ],
  groupTables,
  delayedTables,
  requestTables,
  traceMarkTables,
  groupRowQos,
];

const owedUnder = "target = ? AND incarnation = ? AND sequence = ?";

function owedKey(target: string, row: SqlRow): OwedKey {
  return { target, incarnation: row["incarnation"] as number, sequence: row["sequence"] as number };
}

export class ShardStore implements ShardReads {
  readonly #sql: Sql;
  readonly #sweep = new Sweep("source", sourceKeptMs);
  readonly filters: OrderedKeys;
  readonly retainedTopics: OrderedKeys;
  readonly groups: GroupRows;
  readonly delayed: DelayedRows;
  readonly requests: RequestRows;
  readonly traces: TraceMarks;
  readonly subscriptions: SubscriptionRows;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, migrations, schemaVersion(sql));
    this.filters = { seek: (from) => this.#seek("route", from) };
    this.retainedTopics = { seek: (from) => this.#seek("retained", from) };
    this.groups = new GroupRows(sql);
    this.delayed = new DelayedRows(sql);
    this.requests = new RequestRows(sql);
    this.traces = new TraceMarks(sql);
    this.subscriptions = new SubscriptionRows(sql);
  }

  /** For a backup. */
  page(kind: SavedKind, after: SavedKey): ShardPage {
    return shardPage(this.#sql, kind, after);
  }

  /** One transaction. */
  apply(changes: readonly ShardChange[]): void {
    if (changes.length === 1) this.#change(changes[0] as ShardChange);
    else if (changes.length > 1)
      this.#sql.transaction(() => {
        for (const change of changes) this.#change(change);
      });
  }

  routesAt(key: string): readonly Route[] {
    return this.#sql.all("SELECT * FROM route WHERE key = ?", key).map((row) => ({
      session: row["session"] as string,
      generation: row["generation"] as number,
      qos: row["qos"] as QoS,
      noLocal: row["no_local"] === 1,
      retainAsPublished: row["retain_as_published"] === 1,
      identifier: row["identifier"] as number,
    }));
  }

  retained(key: string): Uint8Array | undefined {
    return this.#sql.first("SELECT body FROM retained WHERE key = ?", key)?.["body"] as Uint8Array | undefined;
  }

  retainedTotals(): RetainedTotals {
    const row = this.#sql.first("SELECT COUNT(*) AS messages, TOTAL(length(body)) AS bytes FROM retained");
    return { messages: row?.["messages"] as number, bytes: row?.["bytes"] as number };
  }

  retainedBytes(key: string): number {
    const row = this.#sql.first("SELECT length(body) AS bytes FROM retained WHERE key = ?", key);
    return (row?.["bytes"] as number | undefined) ?? 0;
  }

  retainedHeads({ after, countMax, bytesMax, headBytes }: HeadQuery): readonly RetainedHead[] {
    // Sizes are read without their records, so that large ones do not become many at once.
    const sizes = this.#sql.all(
      "SELECT key, length(body) AS bytes FROM retained WHERE key > ? ORDER BY key LIMIT ?",
      after,
      countMax,
    );
    let bytes = 0;
    const end = sizes.findIndex((row, index) => (bytes += row["bytes"] as number) > bytesMax && index > 0);
    const last = sizes.at(end === -1 ? -1 : end - 1);
    if (last === undefined) return [];
    const statement = `SELECT key, length(body) AS bytes, substr(body, 1, ?) AS head FROM retained
      WHERE key > ? AND key <= ? ORDER BY key`;
    return this.#sql.all(statement, headBytes, after, last["key"] as string).map((row) => ({
      key: row["key"] as string,
      bytes: row["bytes"] as number,
      head: row["head"] as Uint8Array,
    }));
  }

  source(source: string): StoredCursor | undefined {
    const row = this.#sql.first("SELECT generation, sequence, at_ms FROM source WHERE source = ?", source);
    if (row === undefined) return undefined;
    const { generation, sequence, at_ms: atMs } = row as { generation: number; sequence: number; at_ms: number };
    return { generation, sequence, atMs };
  }

  lastCall(source: string): LastCall | undefined {
    const last = this.source(callerName(source));
    return last === undefined ? undefined : { incarnation: last.generation, sequence: last.sequence };
  }

  owedTargets(): readonly OwedTarget[] {
    const statement = `SELECT target, COUNT(*) AS calls, SUM(length(parts)) AS bytes, MAX(incarnation) AS newest
      FROM owed GROUP BY target`;
    return this.#sql.all(statement).map((row) => ({
      target: row["target"] as string,
      calls: row["calls"] as number,
      bytes: row["bytes"] as number,
      newestIncarnation: row["newest"] as number,
    }));
  }

  firstOwed(target: string): OwedCall | undefined {
    const statement = "SELECT * FROM owed WHERE target = ? ORDER BY incarnation, sequence LIMIT 1";
    const row = this.#sql.first(statement, target);
    return row && { ...owedKey(target, row), parts: unpackParts(row["parts"] as Uint8Array) };
  }

  owedCall(key: OwedKey): OwedCall | undefined {
    const { target, incarnation, sequence } = key;
    const row = this.#sql.first(`SELECT parts FROM owed WHERE ${owedUnder}`, target, incarnation, sequence);
    return row && { ...key, parts: unpackParts(row["parts"] as Uint8Array) };
  }

  owedKeys(target: string): readonly OwedKey[] {
    const statement = "SELECT incarnation, sequence FROM owed WHERE target = ? ORDER BY incarnation, sequence";
    return this.#sql.all(statement, target).map((row) => owedKey(target, row));
  }

  #seek(table: "route" | "retained", from: string): string | undefined {
    const row = this.#sql.first(`SELECT key FROM ${table} WHERE key >= ? ORDER BY key LIMIT 1`, from);
    return row?.["key"] as string | undefined;
  }

  #change(change: ShardChange): void {
    const sql = this.#sql;
    switch (change.kind) {
      case "put-route": {
        const { session, generation, qos, noLocal, retainAsPublished, identifier } = change.route;
        const statement = `INSERT INTO route (key, session, generation, qos, no_local,
          retain_as_published, identifier) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET generation = excluded.generation,
          qos = excluded.qos, no_local = excluded.no_local, retain_as_published = excluded.retain_as_published,
          identifier = excluded.identifier`;
        return sql.run(statement, change.key, session, generation, qos, +noLocal, +retainAsPublished, identifier);
      }
      case "delete-route": {
        const { key, session, generation, earlierToo } = change;
        const statement = "DELETE FROM route WHERE key = ? AND session = ? AND generation BETWEEN ? AND ?";
        return sql.run(statement, key, session, earlierToo ? 0 : generation, generation);
      }
      case "put-member":
      case "delete-member":
      case "put-group-row":
      case "delete-group-row":
      case "delete-group-rows":
        return this.groups.change(change);
      case "put-retained":
        return sql.run(
          "INSERT INTO retained (key, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
          change.key,
          change.body,
        );
      case "delete-retained":
        return sql.run("DELETE FROM retained WHERE key = ?", change.key);
      case "put-source":
        return this.#putSource(change.source, change.cursor);
      case "delete-sources": {
        const { prefix, beforeMs } = change;
        const statement = "DELETE FROM source WHERE source >= ? AND source < ? AND at_ms < ?";
        return sql.run(statement, prefix, `${prefix}\u{10ffff}`, beforeMs);
      }
      case "end-earlier-calls": {
        const { source, incarnation, sequence } = change.key;
        const last = { generation: incarnation, sequence: sequence - 1, atMs: change.atMs };
        return this.#putSource(callerName(source), last);
      }
      case "put-owed": {
        const { target, incarnation, sequence, parts } = change.call;
        const statement =
          "INSERT INTO owed (target, incarnation, sequence, parts) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET parts = excluded.parts";
        return sql.run(statement, target, incarnation, sequence, packParts(parts));
      }
      case "rename-owed": {
        const { from, to } = change;
        const statement = `UPDATE owed SET incarnation = ?, sequence = ? WHERE ${owedUnder}`;
        return sql.run(statement, to.incarnation, to.sequence, from.target, from.incarnation, from.sequence);
      }
      case "delete-owed": {
        const { target, incarnation, sequence } = change.key;
        return sql.run(`DELETE FROM owed WHERE ${owedUnder}`, target, incarnation, sequence);
      }
      case "put-delayed":
      case "put-release":
      case "delete-delayed":
        return this.delayed.change(change);
      case "put-request":
        return this.requests.change(change);
      default:
        change satisfies never;
    }
  }

  #putSource(source: string, { generation, sequence, atMs }: StoredCursor): void {
    const statement = `INSERT INTO source (source, generation, sequence, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      generation = excluded.generation, sequence = excluded.sequence, at_ms = excluded.at_ms`;
    this.#sql.run(statement, source, generation, sequence, atMs);
    this.#sweep.swept(this.#sql, atMs);
  }
}
