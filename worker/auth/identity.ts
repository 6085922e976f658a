// Who a client has proved to be, and what that says about what it may do.

import { type Access, isOpen } from "../../src/auth/access.ts";
import { accessOf, type OwnRule } from "../../src/auth/compile.ts";
import { joinLimits, type LimitOverrides } from "../../src/auth/limits.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import type { Config } from "../config.ts";
import type { KnownUser, Policy } from "./known.ts";
import { isInPlaceOf } from "./password.ts";

export type Method = "anonymous" | "password" | "device-key" | "jwt" | "certificate" | "http" | "scram";

export interface Identity {
  readonly method: Method;
  /** Undefined: nobody in particular. */
  readonly user: string | undefined;
  /** What of the control database the proof rests on: another password, and the connection ends. */
  readonly basis: string | undefined;
  /** What a token or an authenticator says besides. */
  readonly groups: readonly string[];
  readonly claims: Readonly<Record<string, string>>;
  readonly rules: readonly OwnRule[];
  readonly limits: LimitOverrides;
  /** When the connection has to end. */
  readonly expiresAtMs: number | undefined;
}

export const anonymous: Identity = identity("anonymous", undefined);

export function identity(method: Method, user: string | undefined, more: Partial<Identity> = {}): Identity {
  return {
    basis: undefined,
    groups: [],
    claims: {},
    rules: [],
    limits: {},
    expiresAtMs: undefined,
    ...more,
    method,
    user,
  };
}

export function groupsOf({ groups }: Identity, known: KnownUser | undefined): string[] {
  return [...new Set([...groups, ...(known?.groups ?? [])])];
}

/** Whether the proof still holds, by what is known now. */
export function stillHolds({ method, basis, user }: Identity, known: KnownUser | undefined, nowMs: number): boolean {
  if (known?.user?.disabled) return false;
  switch (method) {
    case "password":
      return known?.user?.password === basis || isInPlaceOf(user ?? "", known?.user?.password, basis);
    case "device-key": {
      const key = known?.keys.find(({ id }) => id === basis);
      return known?.user !== undefined && key !== undefined && (key.expiresAtMs ?? Number.POSITIVE_INFINITY) > nowMs;
    }
    case "scram":
      return basis === undefined || known?.user?.scram === basis;
    default:
      return true;
  }
}

export interface ResolvedRights extends ClientRights {
  readonly groups: readonly string[];
  /** Of the user and its groups; for the gate. */
  readonly userLimits: LimitOverrides;
  /** For who asks why. */
  readonly whole: Access;
}

export function rightsOf(
  who: Identity,
  clientId: string,
  known: KnownUser | undefined,
  policy: Policy,
  config: Pick<Config, "accessDefault">,
): ResolvedRights {
  const groups = groupsOf(who, known);
  const client = { clientId, user: who.user, groups, claims: who.claims };
  const rules = known === undefined ? policy.rules : [...policy.rules, ...known.rules];
  const whole = accessOf(client, rules, who.rules, config.accessDefault);
  const ofGroups = groups.map((group) => policy.groupLimits.get(group) ?? {});
  const userLimits = joinLimits({ ...who.limits, ...(known?.user?.limits ?? {}) }, ofGroups);
  return {
    groups,
    userLimits,
    whole,
    ...(isOpen(whole) ? {} : { access: whole }),
    ...(Object.keys(userLimits).length === 0 ? {} : { limits: userLimits }),
  };
}
