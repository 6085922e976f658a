// What an import would make, in the words of the HTTP API, and what it leaves behind.

import type { Rule } from "../../src/auth/rule.ts";

export interface PlannedUser {
  readonly name: string;
  /** As src/auth/password-record.ts writes it. */
  readonly passwordHash?: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly comment: string;
}

export interface PlannedRule extends Omit<Rule, "id"> {
  readonly comment: string;
}

export interface PlannedBan {
  readonly kind: "client" | "user" | "address";
  readonly value: string;
  readonly untilMs: number | null;
  readonly comment: string;
}

/** Something that has no counterpart here, or not quite the same one. */
export interface LeftBehind {
  /** The user, the line, the role. */
  readonly where: string;
  readonly why: string;
}

export interface ImportPlan {
  readonly users: readonly PlannedUser[];
  readonly groups: readonly string[];
  readonly rules: readonly PlannedRule[];
  readonly bans: readonly PlannedBan[];
  readonly left: readonly LeftBehind[];
}

export const nothing: ImportPlan = { users: [], groups: [], rules: [], bans: [], left: [] };

/** Of users that several files name, what the earlier ones say counts, and what they leave open comes from the later ones. */
export function joinPlans(plans: readonly ImportPlan[]): ImportPlan {
  const users = new Map<string, PlannedUser>();
  for (const user of plans.flatMap((plan) => plan.users)) {
    const known = users.get(user.name);
    users.set(user.name, known === undefined ? user : { ...user, ...known });
  }
  return {
    users: [...users.values()],
    groups: [...new Set(plans.flatMap(({ groups }) => groups))],
    rules: plans.flatMap(({ rules }) => rules),
    bans: plans.flatMap(({ bans }) => bans),
    left: plans.flatMap(({ left }) => left),
  };
}
