// What a connection rests on, and what follows for it from the control database as it is: asked at CONNECT, and again by
// whoever holds the connection when something has changed.

import { mayHaveClientId } from "../../src/auth/client-id.ts";
import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import type { Config } from "../config.ts";
import { webhookPrefix } from "../names.ts";
import type { AccessBook } from "./book.ts";
import { type Identity, type ResolvedRights, rightsOf, stillHolds } from "./identity.ts";
import { isBanned, type KnownUser, type Policy } from "./known.ts";
import { subjectsOf } from "./subjects.ts";

export interface Standing {
  readonly who: Identity;
  readonly clientId: string;
  readonly address: string;
}

export interface Decision extends Standing {
  readonly type: "decision";
  /** Of the control database: the oldest of what is known of it here. */
  readonly revision: number;
  readonly policy: Policy;
  readonly rights: ResolvedRights;
  /** Changes of which would concern the connection. */
  readonly subjects: readonly string[];
}

/** Fails when the control database is needed and does not answer. */
export async function decide(
  standing: Standing,
  book: AccessBook,
  config: Pick<Config, "accessDefault" | "clientIdPattern">,
): Promise<Decision | ProtocolFailure> {
  const { who, clientId, address } = standing;
  const [policy, known] = [await book.policy(Date.now()), await book.user(who.user, Date.now())];
  const failure =
    banAtTheDoor(clientId, address, policy) ??
    failureAtTheDesk(clientId, who.user, policy, config) ??
    failureWithout(who, known);
  if (failure !== undefined) return failure;
  const rights = rightsOf(who, clientId, known, policy, config);
  return {
    ...standing,
    type: "decision",
    revision: Math.min(policy.revision, known?.revision ?? policy.revision),
    policy,
    rights,
    subjects: subjectsOf(who.user, rights.groups, clientId, address),
  };
}

/** Before anybody knows who it is. */
export function banAtTheDoor(clientId: string, address: string, policy: Policy): ProtocolFailure | undefined {
  const nowMs = Date.now();
  if (isBanned(policy, "address", address, nowMs)) return fail(ReasonCode.banned, "banned-address", address);
  if (isBanned(policy, "client", clientId, nowMs)) return fail(ReasonCode.banned, "banned-client", clientId);
  return undefined;
}

/** When it is known who it is. */
export function failureAtTheDesk(
  clientId: string,
  user: string | undefined,
  policy: Policy,
  { clientIdPattern }: Pick<Config, "clientIdPattern">,
): ProtocolFailure | undefined {
  if (isBanned(policy, "user", user, Date.now())) return fail(ReasonCode.banned, "banned-user", `${user}`);
  if (clientId.startsWith(webhookPrefix)) {
    return fail(ReasonCode.clientIdentifierNotValid, "reserved-client-id", `${clientId} is a webhook's`);
  }
  if (!mayHaveClientId(clientIdPattern, user, clientId)) {
    const detail = `${user ?? "nobody in particular"} may not have the client id ${clientId}`;
    return fail(ReasonCode.clientIdentifierNotValid, "client-id-pattern", detail);
  }
  return undefined;
}

function failureWithout(who: Identity, known: KnownUser | undefined): ProtocolFailure | undefined {
  if (stillHolds(who, known, Date.now())) return undefined;
  return fail(ReasonCode.notAuthorized, "access-revoked", `${who.user} is disabled, or has other credentials by now`);
}

/** What the session is told: no more than what holds. */
export function toTell({ access, limits }: ResolvedRights): ClientRights {
  return { ...(access === undefined ? {} : { access }), ...(limits === undefined ? {} : { limits }) };
}

/** What a connected client is told; DISCONNECT has no word for a ban [MQTT-3.14.2-1]. */
export function farewell(reason: ReasonCode): ReasonCode {
  return reason === ReasonCode.banned ? ReasonCode.administrativeAction : reason;
}
