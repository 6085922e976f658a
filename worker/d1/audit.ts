// The table `audit`: every change of the control database, with who, what, before and after. Control.change writes it.

import type { Control } from "./control.ts";

export interface AuditEntry {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The newest first. */
export async function auditBefore(control: Control, before: number, limit: number): Promise<AuditEntry[]> {
  const rows = await control.all("SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit);
  return rows.map((row) => ({
    id: row["id"] as number,
    atMs: row["at_ms"] as number,
    actor: row["actor"] as string,
    action: row["action"] as string,
    subject: row["subject"] as string,
    before: JSON.parse((row["before"] as string | null) ?? "null"),
    after: JSON.parse((row["after"] as string | null) ?? "null"),
  }));
}
