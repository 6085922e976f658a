// The table `trace`: what is followed, and until when. Edges read of it what concerns connections.

import type { Control, Row } from "./control.ts";

export const traceKinds = ["client", "address", "topic"] as const;
export type TraceKind = (typeof traceKinds)[number];

export interface Trace {
  readonly id: string;
  readonly kind: TraceKind;
  /** A client id, an address or a topic filter. */
  readonly value: string;
  readonly payload: boolean;
  readonly createdAtMs: number;
  readonly untilMs: number;
  readonly keptUntilMs: number;
  readonly createdBy: string;
}

export function toTrace(row: Row): Trace {
  return {
    id: row["id"] as string,
    kind: row["kind"] as TraceKind,
    value: row["value"] as string,
    payload: row["payload"] === 1,
    createdAtMs: row["created_at_ms"] as number,
    untilMs: row["until_ms"] as number,
    keptUntilMs: row["kept_until_ms"] as number,
    createdBy: row["created_by"] as string,
  };
}

/** Those that edges take part in. */
export function runningTracesQuery(control: Control, nowMs: number, limit: number): D1PreparedStatement {
  return control.statement("SELECT * FROM trace WHERE until_ms > ? AND kind <> 'topic' LIMIT ?", nowMs, limit);
}

export async function countTraces(
  control: Control,
  nowMs: number,
): Promise<{ readonly running: number; readonly kept: number }> {
  const statement =
    "SELECT COUNT(*) AS kept, COALESCE(SUM(until_ms > ?), 0) AS running FROM trace WHERE kept_until_ms > ?";
  const row = await control.first(statement, nowMs, nowMs);
  return { running: row?.["running"] as number, kept: row?.["kept"] as number };
}

/** The newest first: ids rise with time. */
export async function tracesBefore(control: Control, id: string, limit: number, nowMs: number): Promise<Trace[]> {
  const statement = "SELECT * FROM trace WHERE (id < ? OR ? = '') AND kept_until_ms > ? ORDER BY id DESC LIMIT ?";
  return (await control.all(statement, id, id, nowMs, limit)).map(toTrace);
}

export async function readTrace(control: Control, id: string, nowMs: number): Promise<Trace | undefined> {
  const row = await control.first("SELECT * FROM trace WHERE id = ? AND kept_until_ms > ?", id, nowMs);
  return row === undefined ? undefined : toTrace(row);
}

/** Traces that are not kept any more go with the next that is made. */
export function insertTrace(control: Control, trace: Trace, nowMs: number): D1PreparedStatement[] {
  const { id, kind, value, payload, createdAtMs, untilMs, keptUntilMs, createdBy } = trace;
  return [
    control.statement("DELETE FROM trace WHERE kept_until_ms <= ?", nowMs),
    control.statement(
      `INSERT INTO trace (id, kind, value, payload, created_at_ms, until_ms, kept_until_ms, created_by)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      kind,
      value,
      +payload,
      createdAtMs,
      untilMs,
      keptUntilMs,
      createdBy,
    ),
  ];
}

export function endTrace(control: Control, id: string, nowMs: number): D1PreparedStatement {
  return control.statement("UPDATE trace SET until_ms = MIN(until_ms, ?) WHERE id = ?", nowMs, id);
}

export function deleteTrace(control: Control, id: string): D1PreparedStatement {
  return control.statement("DELETE FROM trace WHERE id = ?", id);
}
