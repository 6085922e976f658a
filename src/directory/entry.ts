// What a directory knows of a session, and which reports of it count. A report comes from the session's own object, at least
// once and perhaps late, under a key that rises: (incarnation, sequence), as with the calls of src/hop.

import type { ProtocolVersion } from "../protocol/version.ts";
import type { Causes, Stage } from "./events.ts";

/** provisioned: made for a client that has yet to connect */
export type SessionState = "connected" | "away" | "provisioned";

/** What a session's object says of it. */
export interface Standing {
  readonly state: SessionState;
  /** Undefined where only its object's name is known: of a long id whose session ends with its connection. */
  readonly clientId: string | undefined;
  /** Who its client has proved to be. */
  readonly username: string | undefined;
  /** Where its client is; undefined where it is not connected. */
  readonly address: string | undefined;
  /** Of the last connection; 0: there was none. */
  readonly version: ProtocolVersion | 0;
  readonly generation: number;
  /** 0: not connected. */
  readonly connectedAtMs: number;
  /** 0: never, or not before it is disconnected. */
  readonly expiresAtMs: number;
}

export interface ReportKey {
  readonly incarnation: number;
  readonly sequence: number;
}

/** Numbered as reports are: each stage could be one. */
export type NumberedStage = Stage & Pick<ReportKey, "sequence">;

export interface Report extends ReportKey {
  /** Of the session's object: see worker/names.ts. */
  readonly name: string;
  /** Undefined: the session has ended. */
  readonly standing: Standing | undefined;
  /** When it came to be so. */
  readonly atMs: number;
  readonly causes?: Causes;
  /** What it was since the last report that was heard, one after the other. */
  readonly earlier?: readonly NumberedStage[];
  /** Stages that were left out. */
  readonly missed?: number;
}

export type ReportAnswer = { readonly taken: true } | { readonly stale: number };

export interface Entry extends Standing, ReportKey {
  readonly name: string;
  /** Since when it is not connected; 0: it is. */
  readonly disconnectedAtMs: number;
  /** When its object last said so, or was asked. */
  readonly confirmedAtMs: number;
}

/** What of a report is news, one after the other, where another may have been heard in part. */
export function newStages(known: ReportKey | undefined, report: Report): Stage[] {
  const { incarnation, sequence, standing, atMs, causes, earlier = [] } = report;
  const last = { standing, atMs, sequence, ...(causes === undefined ? {} : { causes }) };
  return [...earlier, last].filter((stage) => ageOf(known, { incarnation, sequence: stage.sequence }) === "new");
}

/** new: later than what is known · known: it or a later one was taken before · stale: of a life that is over, or said to be */
export function ageOf(known: ReportKey | undefined, report: ReportKey): "new" | "known" | "stale" {
  if (known === undefined || report.incarnation > known.incarnation) return "new";
  if (report.incarnation < known.incarnation) return "stale";
  return report.sequence > known.sequence ? "new" : "known";
}

/** The entry after a report. What a disconnected client was when it was connected stays. */
export function reported(before: Entry | undefined, report: Report & { readonly standing: Standing }): Entry {
  const { name, incarnation, sequence, standing, atMs } = report;
  const common = { ...standing, name, incarnation, sequence, confirmedAtMs: atMs };
  if (standing.state === "connected") return { ...common, disconnectedAtMs: 0 };
  const isSame = before?.generation === standing.generation;
  const wasThere = isSame && before.state === "connected";
  return {
    ...common,
    address: isSame ? before.address : undefined,
    connectedAtMs: isSame ? before.connectedAtMs : 0,
    disconnectedAtMs: isSame && !wasThere ? before.disconnectedAtMs : atMs,
  };
}

export function isStale(answer: ReportAnswer): answer is { readonly stale: number } {
  return "stale" in answer;
}
