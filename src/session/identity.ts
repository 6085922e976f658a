// Who is connected, as far as the session has to know, and what changes when that person's rights do.

import type { Access } from "../auth/access.ts";
import type { LimitOverrides } from "../auth/limits.ts";
import { RecordReader } from "../queue/record.ts";
import { topicBehind } from "../topic/delayed.ts";
import type { SessionOverrides } from "./changes.ts";
import type { Effects } from "./effects.ts";
import { fill } from "./fill.ts";
import { limitsFor } from "./limits.ts";
import { Permissions, publishDenial, revokedFilters } from "./permission.ts";
import type { Connection, Session } from "./state.ts";
import { removeRevoked } from "./subscribe.ts";
import { reconsiderSys } from "./sys.ts";
import { isUnfinished } from "./unfinished.ts";

/** Of a client that is nobody in particular and that no rule concerns, nothing. */
export interface ClientRights {
  readonly access?: Access;
  readonly limits?: LimitOverrides;
}

/** Beyond, rights are a row and not part of what the socket carries. */
const carriedBytesMax = 3_072;
const encoder = new TextEncoder();

/** Whose session it is, if anybody's; undefined also when there is none. */
export function ownerOf({ record, connection }: Session, nowMs: number): string | undefined {
  if (connection !== undefined) return connection.username;
  const isOver = record !== undefined && record.expiresAtMs > 0 && record.expiresAtMs <= nowMs;
  return isOver ? undefined : record?.username;
}

/** Why the client may not have the session: it is nobody's yet, or another one's; undefined if it may. */
export function againstTakeOver(
  session: Session,
  user: string | undefined,
  nowMs: number,
): "session-being-restored" | "session-of-another" | undefined {
  if (isUnfinished(session.record, nowMs)) return "session-being-restored";
  const owner = ownerOf(session, nowMs);
  const mayHave = session.limits.sessionTakeover === "anyone" || owner === undefined || owner === user;
  return mayHave ? undefined : "session-of-another";
}

/** Takes the rights into the session, which has its `own` limits; they are written if the socket has no room for them. */
export function setRights(
  session: Session,
  rights: ClientRights,
  own: SessionOverrides | undefined,
  effects: Effects,
): Pick<Connection, "access" | "limits"> {
  const { access, limits } = rights;
  session.limits = limitsFor(session.deploymentLimits, limits, own);
  session.permissions = access === undefined ? undefined : new Permissions(access);
  const text = access === undefined ? "" : JSON.stringify(access);
  session.accessIsStored = encoder.encode(text).length > carriedBytesMax;
  if (session.accessIsStored && JSON.stringify(session.reads.storedAccess()) !== text) {
    effects.persist.push({ kind: "put-access", access: access as Access });
  }
  return { ...(access === undefined ? {} : { access }), ...(limits === undefined ? {} : { limits }) };
}

/** The rights of the connected client have changed: what rested on them ends. */
export function changeRights(session: Session, rights: ClientRights, effects: Effects, nowMs: number): void {
  const { connection, record } = session;
  if (connection === undefined || isSame(connection, rights)) return;
  const { access: _access, limits: _limits, ...rest } = connection;
  session.connection = { ...rest, ...setRights(session, rights, record?.limits ?? rest.ownLimits, effects) };
  if (record !== undefined && JSON.stringify(record.userLimits) !== JSON.stringify(rights.limits)) {
    const { userLimits: _before, ...known } = record;
    session.record = { ...known, ...(rights.limits === undefined ? {} : { userLimits: rights.limits }) };
    effects.persist.push({ kind: "put-session", record: session.record });
  }
  takeWillBack(session, effects);
  removeRevoked(session, revokedFilters(session, effects), effects);
  reconsiderSys(session, effects);
  fill(session, effects, nowMs);
}

function isSame(known: ClientRights, told: ClientRights): boolean {
  return JSON.stringify([known.access, known.limits]) === JSON.stringify([told.access, told.limits]);
}

/** The will that may not be published any more. */
function takeWillBack(session: Session, effects: Effects): void {
  const { will, permissions } = session;
  if (will === undefined || permissions === undefined) return;
  const reader = new RecordReader(will.body);
  reader.next();
  const topic = topicBehind(reader.topic, session.limits.delayedSecondsMax) ?? reader.topic;
  const denial = publishDenial(permissions, topic, reader);
  if (denial === undefined) return;
  session.will = undefined;
  effects.persist.push({ kind: "delete-will" });
  effects.drop("will-denied", denial);
}
