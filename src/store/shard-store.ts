// The SQL of a topic shard: routes, retained messages, the cursors of QoS 2 publishers, the outbox, and delayed messages.

import type { QoS } from "../protocol/packet.ts";
import type { RetainedTotals } from "../retain/quota.ts";
import type {
  GroupRow,
  GroupRowKey,
  GroupTotals,
  Member,
  OwedCall,
  Route,
  ShardChange,
  ShardReads,
} from "../shard/changes.ts";
import type { OrderedKeys } from "../topic/key.ts";
import { DelayedRows, delayedTables } from "./delayed-rows.ts";
import { type Migrations, migrate, schemaVersion } from "./migrations.ts";
import { packParts, unpackParts } from "./owed-parts.ts";
import { SourceSweep } from "./source-sweep.ts";
import type { Sql, SqlRow } from "./sql.ts";

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
  // Shared subscriptions.
  [
    `CREATE TABLE member (key TEXT, share TEXT, session TEXT, generation INTEGER NOT NULL, qos INTEGER NOT NULL,
      retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL,
      PRIMARY KEY (key, share, session)) WITHOUT ROWID`,
    `CREATE TABLE group_row (share TEXT, rank INTEGER, id INTEGER, count INTEGER NOT NULL, session TEXT,
      generation INTEGER NOT NULL, incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
      PRIMARY KEY (share, rank, id)) WITHOUT ROWID`,
  ],
  delayedTables,
];

export class ShardStore implements ShardReads {
  readonly #sql: Sql;
  readonly #sweep = new SourceSweep();
  readonly filters: OrderedKeys;
  readonly sharedFilters: OrderedKeys;
  readonly retainedTopics: OrderedKeys;
  readonly delayed: DelayedRows;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, migrations, schemaVersion(sql));
    this.filters = { seek: (from) => this.#seek("route", from) };
    this.sharedFilters = { seek: (from) => this.#seek("member", from) };
    this.retainedTopics = { seek: (from) => this.#seek("retained", from) };
    this.delayed = new DelayedRows(sql);
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

  sharesAt(key: string): readonly string[] {
    const rows = this.#sql.all("SELECT DISTINCT share FROM member WHERE key = ?", key);
    return rows.map(({ share }) => share as string);
  }

  members(key: string, share: string): readonly Member[] {
    return this.#sql
      .all("SELECT * FROM member WHERE key = ? AND share = ? ORDER BY session", key, share)
      .map((row) => ({
        session: row["session"] as string,
        generation: row["generation"] as number,
        qos: row["qos"] as QoS,
        retainAsPublished: row["retain_as_published"] === 1,
        identifier: row["identifier"] as number,
      }));
  }

  keptShares(): readonly string[] {
    return this.#sql.all("SELECT DISTINCT share FROM group_row").map(({ share }) => share as string);
  }

  groupTotals(share: string): GroupTotals {
    const row = this.#sql.first(
      `SELECT COALESCE(SUM(count), 0) AS messages, COALESCE(SUM(length(body)), 0) AS bytes,
        COALESCE(MAX(rank), 0) AS rank_max, COALESCE(MAX(id), 0) AS id_max FROM group_row WHERE share = ?`,
      share,
    ) as SqlRow;
    return {
      messages: row["messages"] as number,
      bytes: row["bytes"] as number,
      rankMax: row["rank_max"] as number,
      idMax: row["id_max"] as number,
    };
  }

  unassignedRows(share: string, countMax: number): readonly GroupRow[] {
    const statement = "SELECT * FROM group_row WHERE share = ? AND session IS NULL ORDER BY rank, id LIMIT ?";
    return this.#sql.all(statement, share, countMax).map(toGroupRow);
  }

  assignedRows(share: string): readonly (GroupRowKey & { readonly session: string })[] {
    const statement =
      "SELECT rank, id, session FROM group_row WHERE share = ? AND session IS NOT NULL ORDER BY incarnation, sequence";
    return this.#sql.all(statement, share).map(({ rank, id, session }) => ({
      share,
      rank: rank as number,
      id: id as number,
      session: session as string,
    }));
  }

  groupRow({ share, rank, id }: GroupRowKey): GroupRow | undefined {
    const row = this.#sql.first("SELECT * FROM group_row WHERE share = ? AND rank = ? AND id = ?", share, rank, id);
    return row === undefined ? undefined : toGroupRow(row);
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

  source(source: string): { generation: number; sequence: number } | undefined {
    const row = this.#sql.first("SELECT generation, sequence FROM source WHERE source = ?", source);
    if (row === undefined) return undefined;
    return { generation: row["generation"] as number, sequence: row["sequence"] as number };
  }

  owedTargets(): readonly { target: string; calls: number }[] {
    const rows = this.#sql.all("SELECT target, COUNT(*) AS calls FROM owed GROUP BY target");
    return rows.map(({ target, calls }) => ({ target: target as string, calls: calls as number }));
  }

  owedCalls(target: string, countMax: number): readonly OwedCall[] {
    const statement = "SELECT * FROM owed WHERE target = ? ORDER BY incarnation, sequence LIMIT ?";
    return this.#sql.all(statement, target, countMax).map((row) => ({
      target,
      incarnation: row["incarnation"] as number,
      sequence: row["sequence"] as number,
      parts: unpackParts(row["parts"] as Uint8Array),
    }));
  }

  #seek(table: "route" | "member" | "retained", from: string): string | undefined {
    const row = this.#sql.first(`SELECT key FROM ${table} WHERE key >= ? ORDER BY key LIMIT 1`, from);
    return row?.["key"] as string | undefined;
  }

  #change(change: ShardChange): void {
    const sql = this.#sql;
    switch (change.kind) {
      case "put-route": {
        const { session, generation, qos, noLocal, retainAsPublished, identifier } = change.route;
        const statement = `INSERT INTO route VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET generation = excluded.generation,
          qos = excluded.qos, no_local = excluded.no_local, retain_as_published = excluded.retain_as_published,
          identifier = excluded.identifier`;
        return sql.run(statement, change.key, session, generation, qos, +noLocal, +retainAsPublished, identifier);
      }
      case "delete-route": {
        const { key, session, generation } = change;
        const statement = "DELETE FROM route WHERE key = ? AND session = ? AND generation <= ?";
        return sql.run(statement, key, session, generation);
      }
      case "put-member": {
        const { session, generation, qos, retainAsPublished, identifier } = change.member;
        const statement = `INSERT INTO member VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
          generation = excluded.generation, qos = excluded.qos, retain_as_published = excluded.retain_as_published,
          identifier = excluded.identifier`;
        return sql.run(statement, change.key, change.share, session, generation, qos, +retainAsPublished, identifier);
      }
      case "delete-member": {
        const { key, share, session, generation } = change;
        const statement = "DELETE FROM member WHERE key = ? AND share = ? AND session = ? AND generation <= ?";
        return sql.run(statement, key, share, session, generation);
      }
      case "put-group-row": {
        const { share, rank, id, count, assigned, body } = change.row;
        const statement = `INSERT INTO group_row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
          count = excluded.count, session = excluded.session, generation = excluded.generation,
          incarnation = excluded.incarnation, sequence = excluded.sequence, body = excluded.body`;
        const { session = null, generation = 0, incarnation = 0, sequence = 0 } = assigned ?? {};
        return sql.run(statement, share, rank, id, count, session, generation, incarnation, sequence, body);
      }
      case "delete-group-row": {
        const { share, rank, id } = change;
        return sql.run("DELETE FROM group_row WHERE share = ? AND rank = ? AND id = ?", share, rank, id);
      }
      case "delete-group-rows":
        return sql.run("DELETE FROM group_row WHERE share = ?", change.share);
      case "put-retained":
        return sql.run(
          "INSERT INTO retained VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
          change.key,
          change.body,
        );
      case "delete-retained":
        return sql.run("DELETE FROM retained WHERE key = ?", change.key);
      case "put-source": {
        const { generation, sequence, atMs } = change.cursor;
        const statement = `INSERT INTO source VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
          generation = excluded.generation, sequence = excluded.sequence, at_ms = excluded.at_ms`;
        sql.run(statement, change.source, generation, sequence, atMs);
        return this.#sweep.swept(sql, atMs);
      }
      case "put-owed": {
        const { target, incarnation, sequence, parts } = change.call;
        const statement = "INSERT INTO owed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET parts = excluded.parts";
        return sql.run(statement, target, incarnation, sequence, packParts(parts));
      }
      case "delete-owed": {
        const { target, incarnation, sequence } = change.call;
        const statement = "DELETE FROM owed WHERE target = ? AND incarnation = ? AND sequence = ?";
        return sql.run(statement, target, incarnation, sequence);
      }
      case "put-delayed":
      case "put-release":
      case "delete-delayed":
        return this.delayed.change(change);
      default:
        change satisfies never;
    }
  }
}

function toGroupRow(row: SqlRow): GroupRow {
  const session = row["session"] as string | null;
  return {
    share: row["share"] as string,
    rank: row["rank"] as number,
    id: row["id"] as number,
    count: row["count"] as number,
    body: row["body"] as Uint8Array,
    assigned:
      session === null
        ? undefined
        : {
            session,
            generation: row["generation"] as number,
            incarnation: row["incarnation"] as number,
            sequence: row["sequence"] as number,
          },
  };
}
