// The SQL of a directory: one row for each session that it knows, in the order of their names, and how far its walk through
// them has come. There is no other index: each would be one more row for every connection.

import type { Entry, SessionState } from "../directory/entry.ts";
import type { StateCounts } from "../directory/listing.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { EventRows, eventTables } from "./event-rows.ts";
import { type Migrations, migrate, schemaVersion } from "./migrations.ts";
import type { Sql, SqlRow } from "./sql.ts";

const migrations: Migrations = [
  [
    `CREATE TABLE session (name TEXT PRIMARY KEY, client_id TEXT, state TEXT NOT NULL, username TEXT, address TEXT,
      version INTEGER NOT NULL, generation INTEGER NOT NULL, connected_at_ms INTEGER NOT NULL,
      disconnected_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, confirmed_at_ms INTEGER NOT NULL,
      incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID`,
    "CREATE TABLE walk (id INTEGER PRIMARY KEY CHECK (id = 1), after TEXT NOT NULL, at_ms INTEGER NOT NULL)",
  ],
  // Events for webhooks.
  eventTables,
];

export interface Walk {
  /** The name that it has come to. */
  readonly after: string;
  /** When it goes on; 0: there is nobody to look after. */
  readonly atMs: number;
}

export class DirectoryStore {
  readonly #sql: Sql;
  readonly events: EventRows;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, migrations, schemaVersion(sql));
    this.events = new EventRows(sql);
  }

  entry(name: string): Entry | undefined {
    const row = this.#sql.first("SELECT * FROM session WHERE name = ?", name);
    return row === undefined ? undefined : toEntry(row);
  }

  /** So many from a name on, in order. */
  entriesFrom(name: string, isIncluded: boolean, limit: number): Entry[] {
    const comparison = isIncluded ? ">=" : ">";
    const statement = `SELECT * FROM session WHERE name ${comparison} ? ORDER BY name LIMIT ?`;
    return this.#sql.all(statement, name, limit).map(toEntry);
  }

  /** Reads every row: whoever wants it again goes on counting. */
  counts(): StateCounts {
    const counts = { connected: 0, away: 0, provisioned: 0 };
    for (const row of this.#sql.all("SELECT state, COUNT(*) AS count FROM session GROUP BY state")) {
      counts[row["state"] as SessionState] = row["count"] as number;
    }
    return counts;
  }

  put(entry: Entry): void {
    const { name, clientId = null, state, username = null, address = null, version, generation } = entry;
    const { connectedAtMs, disconnectedAtMs, expiresAtMs, confirmedAtMs, incarnation, sequence } = entry;
    // A short id is in the name.
    const id = clientId !== null && name.endsWith(clientId) ? null : clientId;
    const statement = `INSERT INTO session (name, client_id, state, username, address, version, generation, connected_at_ms,
      disconnected_at_ms, expires_at_ms, confirmed_at_ms, incarnation, sequence)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET client_id = excluded.client_id,
      state = excluded.state, username = excluded.username, address = excluded.address, version = excluded.version,
      generation = excluded.generation, connected_at_ms = excluded.connected_at_ms,
      disconnected_at_ms = excluded.disconnected_at_ms, expires_at_ms = excluded.expires_at_ms,
      confirmed_at_ms = excluded.confirmed_at_ms, incarnation = excluded.incarnation, sequence = excluded.sequence`;
    const times = [connectedAtMs, disconnectedAtMs, expiresAtMs, confirmedAtMs];
    this.#sql.run(statement, name, id, state, username, address, version, generation, ...times, incarnation, sequence);
  }

  delete(name: string): void {
    this.#sql.run("DELETE FROM session WHERE name = ?", name);
  }

  walk(): Walk {
    const row = this.#sql.first("SELECT after, at_ms FROM walk");
    return { after: (row?.["after"] as string | undefined) ?? "", atMs: (row?.["at_ms"] as number | undefined) ?? 0 };
  }

  putWalk({ after, atMs }: Walk): void {
    const statement =
      "INSERT INTO walk (id, after, at_ms) VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET after = excluded.after, at_ms = excluded.at_ms";
    this.#sql.run(statement, after, atMs);
  }
}

function toEntry(row: SqlRow): Entry {
  return {
    name: row["name"] as string,
    clientId: (row["client_id"] as string | null) ?? undefined,
    state: row["state"] as SessionState,
    username: (row["username"] as string | null) ?? undefined,
    address: (row["address"] as string | null) ?? undefined,
    version: row["version"] as ProtocolVersion | 0,
    generation: row["generation"] as number,
    connectedAtMs: row["connected_at_ms"] as number,
    disconnectedAtMs: row["disconnected_at_ms"] as number,
    expiresAtMs: row["expires_at_ms"] as number,
    confirmedAtMs: row["confirmed_at_ms"] as number,
    incarnation: row["incarnation"] as number,
    sequence: row["sequence"] as number,
  };
}
