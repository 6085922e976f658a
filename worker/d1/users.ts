// The table `user`, and who is in which group.

import type { LimitOverrides } from "../../src/auth/limits.ts";
import type { Control, Row } from "./control.ts";

export interface StoredUser {
  readonly name: string;
  /** A scrypt hash; see worker/auth/password.ts. */
  readonly password: string | undefined;
  /** A verifier for SCRAM-SHA-256. */
  readonly scram: string | undefined;
  readonly disabled: boolean;
  readonly limits: LimitOverrides;
  readonly comment: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

export function toUser(row: Row): StoredUser {
  return {
    name: row["name"] as string,
    password: (row["password"] as string | null) ?? undefined,
    scram: (row["scram"] as string | null) ?? undefined,
    disabled: row["disabled"] === 1,
    limits: JSON.parse(row["limits"] as string) as LimitOverrides,
    comment: row["comment"] as string,
    createdAtMs: row["created_at_ms"] as number,
    changedAtMs: row["changed_at_ms"] as number,
  };
}

export function userQuery(control: Control, name: string): D1PreparedStatement {
  return control.statement("SELECT * FROM user WHERE name = ?", name);
}

export async function usersAfter(control: Control, after: string, limit: number): Promise<StoredUser[]> {
  const rows = await control.all("SELECT * FROM user WHERE name > ? ORDER BY name LIMIT ?", after, limit);
  return rows.map(toUser);
}

export function putUser(control: Control, user: StoredUser): D1PreparedStatement {
  const { name, password = null, scram = null, disabled, limits, comment, createdAtMs, changedAtMs } = user;
  return control.statement(
    `INSERT INTO user (name, password, scram, disabled, limits, comment, created_at_ms, changed_at_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET password = excluded.password, scram = excluded.scram,
      disabled = excluded.disabled, limits = excluded.limits, comment = excluded.comment,
      changed_at_ms = excluded.changed_at_ms`,
    name,
    password,
    scram,
    +disabled,
    JSON.stringify(limits),
    comment,
    createdAtMs,
    changedAtMs,
  );
}

/** What is said about a user goes with the user: keys, memberships and rules. */
/** Unless it has changed meanwhile. */
export function replacePassword(control: Control, name: string, before: string, after: string): D1PreparedStatement {
  return control.statement("UPDATE user SET password = ? WHERE name = ? AND password = ?", after, name, before);
}

export function deleteUser(control: Control, name: string): D1PreparedStatement[] {
  return [
    control.statement("DELETE FROM device_key WHERE user = ?", name),
    control.statement("DELETE FROM membership WHERE user = ?", name),
    control.statement("DELETE FROM rule WHERE subject_kind = 'user' AND subject = ?", name),
    control.statement("DELETE FROM user WHERE name = ?", name),
  ];
}

export function groupsOfUserQuery(control: Control, name: string): D1PreparedStatement {
  return control.statement("SELECT user_group FROM membership WHERE user = ? ORDER BY user_group", name);
}

export async function membershipsOf(control: Control, users: readonly string[]): Promise<Map<string, string[]>> {
  const groups = new Map<string, string[]>(users.map((name) => [name, []]));
  if (users.length === 0) return groups;
  const rows = await control.all(
    "SELECT user, user_group FROM membership WHERE user BETWEEN ? AND ? ORDER BY user, user_group",
    users[0] as string,
    users.at(-1) as string,
  );
  for (const row of rows) groups.get(row["user"] as string)?.push(row["user_group"] as string);
  return groups;
}

export function putMemberships(control: Control, user: string, groups: readonly string[]): D1PreparedStatement[] {
  return [
    control.statement("DELETE FROM membership WHERE user = ?", user),
    ...groups.map((group) => control.statement("INSERT INTO membership (user, user_group) VALUES (?, ?)", user, group)),
  ];
}
