// Shared subscriptions in the database of a topic shard: who is a member, and what is kept for a group.

import type { QoS } from "../protocol/packet.ts";
import type {
  AssignedKey,
  GroupChange,
  GroupReads,
  GroupRow,
  GroupRowKey,
  GroupTotals,
  Member,
} from "../shard/changes.ts";
import type { OrderedKeys } from "../topic/key.ts";
import type { Sql, SqlRow } from "./sql.ts";

export const groupTables: readonly string[] = [
  `CREATE TABLE member (key TEXT, share TEXT, session TEXT, generation INTEGER NOT NULL, qos INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL,
    PRIMARY KEY (key, share, session)) WITHOUT ROWID`,
  `CREATE TABLE group_row (share TEXT, rank INTEGER, id INTEGER, count INTEGER NOT NULL, session TEXT,
    generation INTEGER NOT NULL, incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (share, rank, id)) WITHOUT ROWID`,
];

/** Rows that older code assigned were offered on the terms of the subscription. */
export const groupRowQos: readonly string[] = [
  "ALTER TABLE group_row ADD COLUMN qos INTEGER NOT NULL DEFAULT 2",
  `UPDATE group_row SET qos = member.qos FROM member
    WHERE member.share = group_row.share AND member.session = group_row.session`,
];

type Place = Pick<GroupRowKey, "rank" | "id">;
/** Before all others. */
const first: Place = { rank: Number.MIN_SAFE_INTEGER, id: 0 };

export class GroupRows implements GroupReads {
  readonly #sql: Sql;
  readonly filters: OrderedKeys;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.filters = { seek: (from) => this.#seek(from) };
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

  shares(): readonly string[] {
    return this.#sql.all("SELECT DISTINCT share FROM group_row").map(({ share }) => share as string);
  }

  totals(share: string): GroupTotals {
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

  unassigned(share: string, countMax: number, after: Place = first): readonly GroupRow[] {
    const statement = `SELECT * FROM group_row WHERE share = ? AND (rank, id) > (?, ?) AND session IS NULL
      ORDER BY rank, id LIMIT ?`;
    return this.#sql.all(statement, share, after.rank, after.id, countMax).map(toGroupRow);
  }

  assigned(share: string): readonly AssignedKey[] {
    const statement = `SELECT rank, id, session, incarnation FROM group_row WHERE share = ? AND session IS NOT NULL
      ORDER BY incarnation, sequence`;
    return this.#sql.all(statement, share).map(({ rank, id, session, incarnation }) => ({
      share,
      rank: rank as number,
      id: id as number,
      session: session as string,
      incarnation: incarnation as number,
    }));
  }

  row({ share, rank, id }: GroupRowKey): GroupRow | undefined {
    const row = this.#sql.first("SELECT * FROM group_row WHERE share = ? AND rank = ? AND id = ?", share, rank, id);
    return row === undefined ? undefined : toGroupRow(row);
  }

  change(change: GroupChange): void {
    const sql = this.#sql;
    switch (change.kind) {
      case "put-member": {
        const { session, generation, qos, retainAsPublished, identifier } = change.member;
        const statement = `INSERT INTO member (key, share, session, generation, qos, retain_as_published,
          identifier) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
          generation = excluded.generation, qos = excluded.qos, retain_as_published = excluded.retain_as_published,
          identifier = excluded.identifier`;
        return sql.run(statement, change.key, change.share, session, generation, qos, +retainAsPublished, identifier);
      }
      case "delete-member": {
        const { key, share, session, generation, earlierToo } = change;
        const statement = `DELETE FROM member WHERE key = ? AND share = ? AND session = ?
          AND generation BETWEEN ? AND ?`;
        return sql.run(statement, key, share, session, earlierToo ? 0 : generation, generation);
      }
      case "put-group-row": {
        const { share, rank, id, count, assigned, body } = change.row;
        const statement = `INSERT INTO group_row (share, rank, id, count, session, generation, incarnation,
          sequence, body, qos) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
          count = excluded.count, session = excluded.session, generation = excluded.generation, qos = excluded.qos,
          incarnation = excluded.incarnation, sequence = excluded.sequence, body = excluded.body`;
        const { session = null, generation = 0, incarnation = 0, sequence = 0, qos = 0 } = assigned ?? {};
        return sql.run(statement, share, rank, id, count, session, generation, incarnation, sequence, body, qos);
      }
      case "delete-group-row": {
        const { share, rank, id } = change;
        return sql.run("DELETE FROM group_row WHERE share = ? AND rank = ? AND id = ?", share, rank, id);
      }
      case "delete-group-rows":
        return sql.run("DELETE FROM group_row WHERE share = ?", change.share);
      default:
        change satisfies never;
    }
  }

  #seek(from: string): string | undefined {
    const row = this.#sql.first("SELECT key FROM member WHERE key >= ? ORDER BY key LIMIT 1", from);
    return row?.["key"] as string | undefined;
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
            qos: row["qos"] as QoS,
            incarnation: row["incarnation"] as number,
            sequence: row["sequence"] as number,
          },
  };
}
