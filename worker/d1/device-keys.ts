// The table `device_key`: secrets of 32 random bytes that devices show instead of a password. Only their SHA-256 is there.

import type { Control, Row } from "./control.ts";
import { lists, type Shape } from "./shape.ts";

export interface DeviceKey {
  readonly id: string;
  readonly user: string;
  /** In base64. */
  readonly hash: string;
  readonly comment: string;
  readonly expiresAtMs: number | undefined;
  readonly createdAtMs: number;
}

export function toDeviceKey(row: Row): DeviceKey {
  return {
    id: row["id"] as string,
    user: row["user"] as string,
    hash: row["hash"] as string,
    comment: row["comment"] as string,
    expiresAtMs: (row["expires_at_ms"] as number | null) ?? undefined,
    createdAtMs: row["created_at_ms"] as number,
  };
}

export function deviceKeysQuery(control: Control, user: string, limit: number): D1PreparedStatement {
  return control.statement("SELECT * FROM device_key WHERE user = ? ORDER BY id LIMIT ?", user, limit);
}

/** Of each of the users that has any. */
export async function countDeviceKeysByUser(control: Control, users: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const statement = `SELECT user, COUNT(*) AS count FROM device_key
    WHERE user IN (SELECT value FROM json_each(?)) GROUP BY user`;
  for (const list of lists(users.map((user) => JSON.stringify(user)))) {
    for (const row of await control.all(statement, list)) counts.set(row["user"] as string, row["count"] as number);
  }
  return counts;
}

export async function deviceKeysAfter(control: Control, after: string, limit: number): Promise<DeviceKey[]> {
  const rows = await control.all("SELECT * FROM device_key WHERE id > ? ORDER BY id LIMIT ?", after, limit);
  return rows.map(toDeviceKey);
}

export const deviceKeyShape: Shape<DeviceKey> = {
  table: "device_key",
  key: ["id"],
  toItem: toDeviceKey,
  columns: {
    id: ({ id }) => id,
    user: ({ user }) => user,
    hash: ({ hash }) => hash,
    comment: ({ comment }) => comment,
    expires_at_ms: ({ expiresAtMs = null }) => expiresAtMs,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
  },
};

export function deleteDeviceKey(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM device_key WHERE id = ?", id);
}
