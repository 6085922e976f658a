// The table `api_key`. Of a key only the SHA-256 of its secret half is there.

import type { Control, Row } from "./control.ts";

export const scopes = ["read", "operate", "publish", "consume", "admin"] as const;
export type Scope = (typeof scopes)[number];

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** In base64. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number | undefined;
  readonly createdAtMs: number;
}

function toApiKey(row: Row): ApiKey {
  return {
    id: row["id"] as string,
    name: row["name"] as string,
    hash: row["hash"] as string,
    scopes: (row["scopes"] as string).split(",") as Scope[],
    expiresAtMs: (row["expires_at_ms"] as number | null) ?? undefined,
    createdAtMs: row["created_at_ms"] as number,
  };
}

export async function readApiKey(control: Control, id: string): Promise<ApiKey | undefined> {
  const row = await control.first("SELECT * FROM api_key WHERE id = ?", id);
  return row === undefined ? undefined : toApiKey(row);
}

export async function apiKeysAfter(control: Control, after: string, limit: number): Promise<ApiKey[]> {
  const rows = await control.all("SELECT * FROM api_key WHERE id > ? ORDER BY id LIMIT ?", after, limit);
  return rows.map(toApiKey);
}

export function insertApiKey(control: Control, key: ApiKey): D1PreparedStatement {
  return control.statement(
    "INSERT INTO api_key (id, name, hash, scopes, expires_at_ms, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
    key.id,
    key.name,
    key.hash,
    key.scopes.join(","),
    key.expiresAtMs ?? null,
    key.createdAtMs,
  );
}

export function deleteApiKey(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM api_key WHERE id = ?", id);
}
