// The tables of a session object. One that has nothing to keep, such as that of a publisher with a clean session, has none at all,
// and one that is new has those alone that it needs. The migrations are for objects that older code has made: they have all.

import { letterColumns } from "./letter-rows.ts";
import type { Migrations } from "./migrations.ts";

export const migrations: Migrations = [
  [
    "CREATE TABLE state (key INTEGER PRIMARY KEY, json TEXT NOT NULL)",
    // The will of the living connection has id 0; the others are due.
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
  // Shared subscriptions.
  [
    "ALTER TABLE segment ADD COLUMN share TEXT",
    "ALTER TABLE segment ADD COLUMN shard INTEGER",
    "CREATE TABLE hand_back (id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, share TEXT NOT NULL, body BLOB NOT NULL)",
  ],
  // How far the retained messages of new subscriptions have come.
  [
    `CREATE TABLE replay (filter TEXT, shard INTEGER, after TEXT NOT NULL, PRIMARY KEY (filter, shard))
      WITHOUT ROWID`,
  ],
  // When a message was stored, for who looks into the queue.
  ["ALTER TABLE segment ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0"],
];

/** What a new object begins with. */
export const newest: Migrations[number] = ["CREATE TABLE state (key INTEGER PRIMARY KEY, json TEXT NOT NULL)"];

/** As the migrations and `laterColumns` together leave them, in objects from before tables were made when they are needed. */
export const rareTables = {
  will: `(id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, generation INTEGER NOT NULL, delay_ms INTEGER NOT NULL,
    expiry_ms INTEGER NOT NULL, due_at_ms INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL)`,
  subscription: `(filter TEXT PRIMARY KEY, qos INTEGER NOT NULL, no_local INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL, removing INTEGER NOT NULL,
    unconfirmed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`,
  segment: `(position INTEGER PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL, offered INTEGER NOT NULL,
    body BLOB NOT NULL, share TEXT, shard INTEGER, at_ms INTEGER NOT NULL DEFAULT 0)`,
  source: `(publisher TEXT, shard INTEGER, generation INTEGER NOT NULL, sequence INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, PRIMARY KEY (publisher, shard)) WITHOUT ROWID`,
  dropped: "(reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
  alias: "(alias INTEGER PRIMARY KEY, topic TEXT NOT NULL)",
  hand_back: "(id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, share TEXT NOT NULL, body BLOB NOT NULL)",
  replay: "(filter TEXT, shard INTEGER, after TEXT NOT NULL, PRIMARY KEY (filter, shard)) WITHOUT ROWID",
  dead_letter: letterColumns,
} as const;

export type TableName = keyof typeof rareTables;

/**
 * Columns that have come since, each with a default and a name of its own. No migration adds them: the table may not be there yet, and
 * code from before the column, which runs beside this one during a deploy, may still make it without.
 */
export const laterColumns: { readonly [Name in TableName]?: readonly string[] } = {
  subscription: ["unconfirmed INTEGER NOT NULL DEFAULT 0"],
};
