// The table `rule`.

import type { Rule, RuleSubjectKind } from "../../src/auth/rule.ts";
import type { QoS } from "../../src/protocol/packet.ts";
import type { Control, Row } from "./control.ts";
import { lists, type Shape } from "./shape.ts";

export interface StoredRule extends Rule {
  readonly comment: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

export function toRule(row: Row): StoredRule {
  const qos = row["qos"] as string | null;
  const retain = row["retain"] as number | null;
  return {
    id: row["id"] as string,
    position: row["position"] as number,
    effect: row["effect"] as Rule["effect"],
    action: row["action"] as Rule["action"],
    subjectKind: row["subject_kind"] as RuleSubjectKind,
    subject: row["subject"] as string,
    filter: row["filter"] as string,
    ...(qos === null ? {} : { qos: [...qos].map(Number) as QoS[] }),
    ...(retain === null ? {} : { retain: retain === 1 }),
    comment: row["comment"] as string,
    createdAtMs: row["created_at_ms"] as number,
    changedAtMs: row["changed_at_ms"] as number,
  };
}

export function rulesOfUserQuery(control: Control, user: string): D1PreparedStatement {
  return control.statement("SELECT * FROM rule WHERE subject_kind = 'user' AND subject = ?", user);
}

/** All rules but those of single users. */
export function sharedRulesQuery(control: Control, limit: number): D1PreparedStatement {
  return control.statement("SELECT * FROM rule WHERE subject_kind <> 'user' ORDER BY position, id LIMIT ?", limit);
}

export async function countSharedRules(control: Control): Promise<number> {
  const row = await control.first("SELECT COUNT(*) AS count FROM rule WHERE subject_kind <> 'user'");
  return row?.["count"] as number;
}

export async function countRulesOfUser(control: Control, user: string): Promise<number> {
  const row = await control.first(
    "SELECT COUNT(*) AS count FROM rule WHERE subject_kind = 'user' AND subject = ?",
    user,
  );
  return row?.["count"] as number;
}

/** Of each of the users that has any. */
export async function countRulesByUser(control: Control, users: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const statement = `SELECT subject, COUNT(*) AS count FROM rule
    WHERE subject_kind = 'user' AND subject IN (SELECT value FROM json_each(?)) GROUP BY subject`;
  for (const list of lists(users.map((user) => JSON.stringify(user)))) {
    for (const row of await control.all(statement, list)) counts.set(row["subject"] as string, row["count"] as number);
  }
  return counts;
}

export interface RuleSelection {
  readonly subjectKind?: string | undefined;
  readonly subject?: string | undefined;
}

export async function rulesAfter(
  control: Control,
  selection: RuleSelection,
  after: string,
  limit: number,
): Promise<StoredRule[]> {
  const { subjectKind, subject } = selection;
  const rows = await control.all(
    `SELECT * FROM rule WHERE id > ? AND (? IS NULL OR subject_kind = ?) AND (? IS NULL OR subject = ?)
      ORDER BY id LIMIT ?`,
    after,
    subjectKind ?? null,
    subjectKind ?? null,
    subject ?? null,
    subject ?? null,
    limit,
  );
  return rows.map(toRule);
}

export const ruleShape: Shape<StoredRule> = {
  table: "rule",
  key: ["id"],
  toItem: toRule,
  columns: {
    id: ({ id }) => id,
    position: ({ position }) => position,
    effect: ({ effect }) => effect,
    action: ({ action }) => action,
    subject_kind: ({ subjectKind }) => subjectKind,
    subject: ({ subject }) => subject,
    filter: ({ filter }) => filter,
    qos: ({ qos }) => (qos === undefined ? null : qos.join("")),
    retain: ({ retain }) => (retain === undefined ? null : +retain),
    comment: ({ comment }) => comment,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
    changed_at_ms: ({ changedAtMs }) => changedAtMs,
  },
};

export function deleteRule(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM rule WHERE id = ?", id);
}
