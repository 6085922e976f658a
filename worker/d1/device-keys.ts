// The table `device_key`: secrets of 32 random bytes that devices show instead of a password. Only their SHA-256 is there.

import type { Control, Row } from "./control.ts";

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

export async function readDeviceKey(control: Control, user: string, id: string): Promise<DeviceKey | undefined> {
  const row = await control.first("SELECT * FROM device_key WHERE user = ? AND id = ?", user, id);
  return row === undefined ? undefined : toDeviceKey(row);
}

export function insertDeviceKey(control: Control, key: DeviceKey): D1PreparedStatement {
  return control.statement(
    "INSERT INTO device_key (id, user, hash, comment, expires_at_ms, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
    key.id,
    key.user,
    key.hash,
    key.comment,
    key.expiresAtMs ?? null,
    key.createdAtMs,
  );
}

export function deleteDeviceKey(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM device_key WHERE id = ?", id);
}
