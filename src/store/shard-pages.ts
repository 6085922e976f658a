// Rows of a topic shard as a backup takes them, page by page in the order of their keys.

import type { Sql, SqlRow } from "./sql.ts";
import { isCallerName } from "./sweep.ts";

export const savedKinds = ["retained", "delayed", "cursors", "groups"] as const;
export type SavedKind = (typeof savedKinds)[number];

/** Where a page begins; empty for the first. */
export type SavedKey = readonly (string | number)[];

export interface SavedRetained {
  readonly body: Uint8Array;
}

export interface SavedDelayed {
  readonly dueAtMs: number;
  readonly publisher: string;
  readonly count: number;
  readonly body: Uint8Array;
}

export interface SavedCursor {
  readonly source: string;
  readonly generation: number;
  readonly sequence: number;
  readonly atMs: number;
}

export interface SavedGroupRow {
  readonly share: string;
  readonly body: Uint8Array;
}

export interface ShardPage {
  readonly retained: readonly SavedRetained[];
  readonly delayed: readonly SavedDelayed[];
  readonly cursors: readonly SavedCursor[];
  readonly groups: readonly SavedGroupRow[];
  /** Absent on the last page of the kind. */
  readonly next?: SavedKey;
  /** Deliveries that the shard still owes to sessions: no page has them. */
  readonly owed: number;
}

const bytesMax = 1024 * 1024;
const rowsMax = 500;

/** By kind: the row behind a key, and its key. */
const steps = {
  retained: {
    sql: "SELECT key, body FROM retained WHERE key > ? ORDER BY key LIMIT 1",
    first: [""],
    keyOf: (row: SqlRow): SavedKey => [row["key"] as string],
  },
  delayed: {
    sql: "SELECT * FROM delayed WHERE (due_at_ms, id) > (?, ?) ORDER BY due_at_ms, id LIMIT 1",
    first: [-1, -1],
    keyOf: (row: SqlRow): SavedKey => [row["due_at_ms"] as number, row["id"] as number],
  },
  cursors: {
    sql: "SELECT * FROM source WHERE source > ? ORDER BY source LIMIT 1",
    first: [""],
    keyOf: (row: SqlRow): SavedKey => [row["source"] as string],
  },
  groups: {
    sql: "SELECT * FROM group_row WHERE (share, rank, id) > (?, ?, ?) ORDER BY share, rank, id LIMIT 1",
    first: ["", Number.MIN_SAFE_INTEGER, 0],
    keyOf: (row: SqlRow): SavedKey => [row["share"] as string, row["rank"] as number, row["id"] as number],
  },
} as const;

/** One row after the other, so that a page of large ones is no larger than its last makes it. */
export function shardPage(sql: Sql, kind: SavedKind, after: SavedKey): ShardPage {
  const { sql: statement, first, keyOf } = steps[kind];
  const page = {
    retained: [] as SavedRetained[],
    delayed: [] as SavedDelayed[],
    cursors: [] as SavedCursor[],
    groups: [] as SavedGroupRow[],
  };
  const owed = sql.first("SELECT COUNT(*) AS count FROM owed")?.["count"] as number;
  let key = after.length === first.length ? after : first;
  for (let rows = 0, bytes = 0; rows < rowsMax && bytes < bytesMax; rows++) {
    const row = sql.first(statement, ...key);
    if (row === undefined) return { ...page, owed };
    key = keyOf(row);
    const { body } = row as { body?: Uint8Array };
    bytes += body?.length ?? 0;
    switch (kind) {
      case "retained":
        page.retained.push({ body: body as Uint8Array });
        break;
      case "delayed":
        page.delayed.push({
          dueAtMs: row["due_at_ms"] as number,
          publisher: row["publisher"] as string,
          count: row["count"] as number,
          body: body as Uint8Array,
        });
        break;
      case "cursors":
        if (!isCallerName(row["source"] as string)) page.cursors.push(toCursor(row));
        break;
      case "groups":
        page.groups.push({ share: row["share"] as string, body: body as Uint8Array });
        break;
    }
  }
  return { ...page, owed, next: key };
}

function toCursor(row: SqlRow): SavedCursor {
  return {
    source: row["source"] as string,
    generation: row["generation"] as number,
    sequence: row["sequence"] as number,
    atMs: row["at_ms"] as number,
  };
}
