// Which traces follow a session. Marks lie with the record, or with the connection where there is no record; from an edge they come
// with CONNECT and stay with the connection. Without a trace this is two fields that are absent.

import { marksMax, type TraceMark, withMarks, withoutMark } from "../trace/mark.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";

export interface TraceRequest {
  readonly kind: "trace";
  readonly mark: TraceMark;
  /** It follows where the client is, and not who it is: with the connection it ends. */
  readonly ofConnection: boolean;
}

const none: readonly TraceMark[] = [];

export function isFollowed({ record, connection }: Session): boolean {
  return record?.traces !== undefined || connection?.traces !== undefined;
}

export function marksOf({ record, connection }: Session, nowMs: number): readonly TraceMark[] {
  return withMarks(record?.traces, connection?.traces ?? none, nowMs);
}

/** False if there is nothing to follow. */
export function follow(
  session: Session,
  { mark, ofConnection }: TraceRequest,
  effects: Effects,
  nowMs: number,
): boolean {
  const { record, connection } = session;
  if (connection === undefined && (record === undefined || ofConnection)) return false;
  if (connection !== undefined) {
    session.connection = { ...connection, traces: withMarks(connection.traces, [mark], nowMs) };
  }
  if (record !== undefined && !ofConnection) {
    session.record = { ...record, traces: withMarks(record.traces, [mark], nowMs) };
    effects.persist.push({ kind: "put-session", record: session.record });
  }
  return true;
}

/** The trace is over. Its mark in the row, which ends by itself, is not worth a row of its own. */
export function unfollow(session: Session, id: string): void {
  const { record, connection } = session;
  if (record?.traces !== undefined) {
    const { traces, ...rest } = record;
    const left = withoutMark(traces, id);
    session.record = left.length === 0 ? rest : { ...rest, traces: left };
  }
  if (connection?.traces !== undefined) {
    const { traces, ...rest } = connection;
    const left = withoutMark(traces, id);
    session.connection = left.length === 0 ? rest : { ...rest, traces: left };
  }
}

/** Those that come with CONNECT. */
export function carriedMarks(marks: readonly TraceMark[] | undefined): { readonly traces?: readonly TraceMark[] } {
  return marks === undefined || marks.length === 0 ? {} : { traces: marks.slice(-marksMax) };
}
