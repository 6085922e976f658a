// Schema migrations inside an object: append-only, run when an older object first writes. Old and new code run side by
// side during a deploy, so a migration may add tables and columns with defaults, and nothing else.

import type { Sql } from "./sql.ts";

/** The statements of each version, the first being version 1. Entries are never edited, only appended. */
export type Migrations = readonly (readonly string[])[];

/** The version of an object's schema; 0 for one that has never written. */
export function schemaVersion(sql: Sql): number {
  const table = sql.first("SELECT 1 AS present FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'");
  if (table === undefined) return 0;
  return (sql.first("SELECT version FROM schema_version")?.["version"] as number | undefined) ?? 0;
}

/**
 * Brings the schema to the newest version. A newer one, left by newer code, is taken as it is. `newest`: what makes a new object's
 * schema, where that is not all that the migrations have made.
 */
export function migrate(
  sql: Sql,
  migrations: Migrations,
  from: number,
  newest: readonly string[] = migrations.flat(),
): void {
  if (from >= migrations.length) return;
  sql.transaction(() => {
    if (from === 0) sql.run("CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)");
    for (const statement of from === 0 ? newest : migrations.slice(from).flat()) sql.run(statement);
    sql.run("INSERT OR REPLACE INTO schema_version (id, version) VALUES (1, ?)", migrations.length);
  });
}
