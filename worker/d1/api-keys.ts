// The table `api_key`. Of a key only the SHA-256 of its secret half is there.

import type { Scope } from "../scopes.ts";
import type { Control, Row } from "./control.ts";
import type { Shape } from "./shape.ts";

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

export async function apiKeysAfter(control: Control, after: string, limit: number): Promise<ApiKey[]> {
  const rows = await control.all("SELECT * FROM api_key WHERE id > ? ORDER BY id LIMIT ?", after, limit);
  return rows.map(toApiKey);
}

export const apiKeyShape: Shape<ApiKey> = {
  table: "api_key",
  key: ["id"],
  toItem: toApiKey,
  columns: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    hash: ({ hash }) => hash,
    scopes: ({ scopes: those }) => those.join(","),
    expires_at_ms: ({ expiresAtMs = null }) => expiresAtMs,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
  },
};

export function deleteApiKey(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM api_key WHERE id = ?", id);
}
