// Databases that other code than today's has left: of the first version, as objects of long ago have them, and of a
// version to come, as objects have them that newer code wrote before the deployment was taken back. Both kinds stand
// beside objects that begin with nothing.

import { DirectoryStore } from "../../../src/store/directory-store.ts";
import { SessionStore } from "../../../src/store/session-store.ts";
import { ShardStore } from "../../../src/store/shard-store.ts";
import { Sql } from "../../../src/store/sql.ts";
import type { Random } from "../random.ts";
import type { Storage } from "./storage.ts";

/** The first version of each schema. Never to be edited: it is out there. */
const firstSchemas: Readonly<Record<string, readonly string[]>> = {
  SESSION: [
    "CREATE TABLE state (key INTEGER PRIMARY KEY, json TEXT NOT NULL)",
    `CREATE TABLE will (id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, generation INTEGER NOT NULL,
      delay_ms INTEGER NOT NULL, expiry_ms INTEGER NOT NULL, due_at_ms INTEGER NOT NULL, sequence INTEGER NOT NULL,
      body BLOB NOT NULL)`,
    `CREATE TABLE subscription (filter TEXT PRIMARY KEY, qos INTEGER NOT NULL, no_local INTEGER NOT NULL,
      retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL, removing INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE segment (position INTEGER PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
      offered INTEGER NOT NULL, body BLOB NOT NULL)`,
    `CREATE TABLE source (publisher TEXT, shard INTEGER, generation INTEGER NOT NULL, sequence INTEGER NOT NULL,
      at_ms INTEGER NOT NULL, PRIMARY KEY (publisher, shard)) WITHOUT ROWID`,
    "CREATE TABLE dropped (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE alias (alias INTEGER PRIMARY KEY, topic TEXT NOT NULL)",
  ],
  SHARD: [
    `CREATE TABLE route (key TEXT, session TEXT, generation INTEGER NOT NULL, qos INTEGER NOT NULL,
      no_local INTEGER NOT NULL, retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL,
      PRIMARY KEY (key, session)) WITHOUT ROWID`,
    "CREATE TABLE retained (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    `CREATE TABLE source (source TEXT PRIMARY KEY, generation INTEGER NOT NULL, sequence INTEGER NOT NULL,
      at_ms INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE owed (target TEXT, incarnation INTEGER, sequence INTEGER, parts BLOB NOT NULL,
      PRIMARY KEY (target, incarnation, sequence)) WITHOUT ROWID`,
  ],
  DIRECTORY: [
    `CREATE TABLE session (name TEXT PRIMARY KEY, client_id TEXT, state TEXT NOT NULL, username TEXT, address TEXT,
      version INTEGER NOT NULL, generation INTEGER NOT NULL, connected_at_ms INTEGER NOT NULL,
      disconnected_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, confirmed_at_ms INTEGER NOT NULL,
      incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID`,
    "CREATE TABLE walk (id INTEGER PRIMARY KEY CHECK (id = 1), after TEXT NOT NULL, at_ms INTEGER NOT NULL)",
  ],
};

/** Gives a new object a past, or none. */
export function bequeath(storage: Storage, binding: string, random: Random): void {
  const heritage = random.weighted({ none: 2, first: 1, newer: 1 });
  if (heritage === "first") leaveFirst(storage, binding);
  if (heritage === "newer") leaveNewer(storage, binding);
  storage.commit();
}

function leaveFirst(storage: Storage, binding: string): void {
  storage.execute("CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)", []);
  for (const statement of firstSchemas[binding] ?? []) storage.execute(statement, []);
  storage.execute("INSERT INTO schema_version (id, version) VALUES (1, 1)", []);
}

/** What a migration may add: columns with defaults, and tables. */
function leaveNewer(storage: Storage, binding: string): void {
  const sql = new Sql(storage);
  if (binding === "SHARD") new ShardStore(sql);
  else if (binding === "DIRECTORY") new DirectoryStore(sql);
  // A session migrates when it first writes something.
  else new SessionStore(sql).apply([{ kind: "put-alias", alias: 1, topic: "a" }, { kind: "clear-aliases" }]);
  for (const table of storage.tables()) {
    if (table === "schema_version") continue;
    storage.execute(`ALTER TABLE ${table} ADD COLUMN added_later INTEGER NOT NULL DEFAULT 0`, []);
  }
  storage.execute("CREATE TABLE added_later (id INTEGER PRIMARY KEY)", []);
  storage.execute("UPDATE schema_version SET version = version + 1", []);
}
