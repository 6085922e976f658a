// The table `ban`: who may not connect, for a time or for good.

import type { Control, Row } from "./control.ts";
import { put, type Shape } from "./shape.ts";

export type BanKind = "client" | "user" | "address";

export interface Ban {
  readonly kind: BanKind;
  readonly value: string;
  /** Undefined: for good. */
  readonly untilMs: number | undefined;
  readonly comment: string;
  readonly createdAtMs: number;
}

export function toBan(row: Row): Ban {
  return {
    kind: row["kind"] as BanKind,
    value: row["value"] as string,
    untilMs: (row["until_ms"] as number | null) ?? undefined,
    comment: row["comment"] as string,
    createdAtMs: row["created_at_ms"] as number,
  };
}

export function activeBansQuery(control: Control, nowMs: number, limit: number): D1PreparedStatement {
  return control.statement("SELECT * FROM ban WHERE until_ms IS NULL OR until_ms > ? LIMIT ?", nowMs, limit);
}

export async function countActiveBans(control: Control, nowMs: number): Promise<number> {
  const row = await control.first("SELECT COUNT(*) AS count FROM ban WHERE until_ms IS NULL OR until_ms > ?", nowMs);
  return row?.["count"] as number;
}

export async function bansAfter(control: Control, kind: string, value: string, limit: number): Promise<Ban[]> {
  const rows = await control.all(
    "SELECT * FROM ban WHERE (kind, value) > (?, ?) ORDER BY kind, value LIMIT ?",
    kind,
    value,
    limit,
  );
  return rows.map(toBan);
}

export const banShape: Shape<Ban> = {
  table: "ban",
  key: ["kind", "value"],
  toItem: toBan,
  columns: {
    kind: ({ kind }) => kind,
    value: ({ value }) => value,
    until_ms: ({ untilMs = null }) => untilMs,
    comment: ({ comment }) => comment,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
  },
};

/** Bans whose time is over go with the next that are made. */
export function putBans(control: Control, bans: readonly Ban[], nowMs: number): D1PreparedStatement[] {
  return [control.statement("DELETE FROM ban WHERE until_ms <= ?", nowMs), ...put(control, banShape, bans)];
}

export function deleteBan(control: Control, kind: BanKind, value: string): D1PreparedStatement {
  return control.statement("DELETE FROM ban WHERE kind = ? AND value = ?", kind, value);
}
