// The table `user`, and who is in which group.

import type { LimitOverrides } from "../../src/auth/limits.ts";
import type { Control, Row } from "./control.ts";
import { lists, type Shape } from "./shape.ts";

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

export const userShape: Shape<StoredUser> = {
  table: "user",
  key: ["name"],
  toItem: toUser,
  columns: {
    name: ({ name }) => name,
    password: ({ password = null }) => password,
    scram: ({ scram = null }) => scram,
    disabled: ({ disabled }) => +disabled,
    limits: ({ limits }) => JSON.stringify(limits),
    comment: ({ comment }) => comment,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
    changed_at_ms: ({ changedAtMs }) => changedAtMs,
  },
};

/** What is said about a user goes with the user: keys, memberships and rules. */
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

/** They are in these groups and in no others. */
export function putMemberships(
  control: Control,
  users: readonly { readonly name: string; readonly groups: readonly string[] }[],
): D1PreparedStatement[] {
  const names = users.map(({ name }) => JSON.stringify(name));
  const pairs = users.flatMap(({ name, groups }) => [...new Set(groups)].map((group) => JSON.stringify([name, group])));
  return [
    ...lists(names).map((list) =>
      control.statement("DELETE FROM membership WHERE user IN (SELECT value FROM json_each(?))", list),
    ),
    ...lists(pairs).map((list) =>
      control.statement(
        "INSERT INTO membership (user, user_group) SELECT value ->> '$[0]', value ->> '$[1]' FROM json_each(?)",
        list,
      ),
    ),
  ];
}
