// The table `user_group`.

import type { LimitOverrides } from "../../src/auth/limits.ts";
import type { Control, Row } from "./control.ts";
import type { Shape } from "./shape.ts";

export interface StoredGroup {
  readonly name: string;
  readonly limits: LimitOverrides;
  readonly comment: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

export function toGroup(row: Row): StoredGroup {
  return {
    name: row["name"] as string,
    limits: JSON.parse(row["limits"] as string) as LimitOverrides,
    comment: row["comment"] as string,
    createdAtMs: row["created_at_ms"] as number,
    changedAtMs: row["changed_at_ms"] as number,
  };
}

export async function groupsAfter(control: Control, after: string, limit: number): Promise<StoredGroup[]> {
  const rows = await control.all("SELECT * FROM user_group WHERE name > ? ORDER BY name LIMIT ?", after, limit);
  return rows.map(toGroup);
}

export async function countGroups(control: Control): Promise<number> {
  const row = await control.first("SELECT COUNT(*) AS count FROM user_group");
  return row?.["count"] as number;
}

export function allGroupsQuery(control: Control, limit: number): D1PreparedStatement {
  return control.statement("SELECT * FROM user_group ORDER BY name LIMIT ?", limit);
}

export const groupShape: Shape<StoredGroup> = {
  table: "user_group",
  key: ["name"],
  toItem: toGroup,
  columns: {
    name: ({ name }) => name,
    limits: ({ limits }) => JSON.stringify(limits),
    comment: ({ comment }) => comment,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
    changed_at_ms: ({ changedAtMs }) => changedAtMs,
  },
};

export function deleteGroup(control: Control, name: string): D1PreparedStatement[] {
  return [
    control.statement("DELETE FROM membership WHERE user_group = ?", name),
    control.statement("DELETE FROM rule WHERE subject_kind = 'group' AND subject = ?", name),
    control.statement("DELETE FROM user_group WHERE name = ?", name),
  ];
}
