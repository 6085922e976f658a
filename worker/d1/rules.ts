// The table `rule`.

import type { Rule, RuleSubjectKind } from "../../src/auth/rule.ts";
import type { QoS } from "../../src/protocol/packet.ts";
import type { Control, Row } from "./control.ts";

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

export async function readRule(control: Control, id: string): Promise<StoredRule | undefined> {
  const row = await control.first("SELECT * FROM rule WHERE id = ?", id);
  return row === undefined ? undefined : toRule(row);
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

function values(rule: StoredRule): (string | number | null)[] {
  const { position, effect, action, subjectKind, subject, filter, qos, retain, comment, changedAtMs } = rule;
  const qosText = qos === undefined ? null : qos.join("");
  const retainValue = retain === undefined ? null : +retain;
  return [position, effect, action, subjectKind, subject, filter, qosText, retainValue, comment, changedAtMs];
}

export function insertRule(control: Control, rule: StoredRule): D1PreparedStatement {
  return control.statement(
    `INSERT INTO rule (position, effect, action, subject_kind, subject, filter, qos, retain, comment, changed_at_ms,
      created_at_ms, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...values(rule),
    rule.createdAtMs,
    rule.id,
  );
}

export function updateRule(control: Control, rule: StoredRule): D1PreparedStatement {
  return control.statement(
    `UPDATE rule SET position = ?, effect = ?, action = ?, subject_kind = ?, subject = ?, filter = ?, qos = ?,
      retain = ?, comment = ?, changed_at_ms = ? WHERE id = ?`,
    ...values(rule),
    rule.id,
  );
}

export function deleteRule(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM rule WHERE id = ?", id);
}
