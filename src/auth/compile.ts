// From the rules of a deployment to those of one client: which concern it, in which order, with their placeholders filled.

import type { Access, AccessRule } from "./access.ts";
import { filterFor, type PlaceholderValues } from "./placeholders.ts";
import type { Rule } from "./rule.ts";

export interface Client extends PlaceholderValues {
  readonly groups: readonly string[];
}

/** Where the rules that a token or an authenticator brings stand among those of the deployment. */
export const ownRulesPosition = 1000;

export type OwnRule = Pick<Rule, "effect" | "action" | "filter" | "qos" | "retain">;

export function accessOf(
  client: Client,
  rules: readonly Rule[],
  ownRules: readonly OwnRule[],
  otherwise: Rule["effect"],
): Access {
  const own = ownRules.map((rule, index) => ({ ...rule, id: `own-${index + 1}`, position: ownRulesPosition }));
  const concerned = rules.filter((rule) => concerns(rule, client)).toSorted(inOrder);
  // Behind those of the deployment that have a lower number, before those that have the same.
  const behind = concerned.findIndex(({ position }) => position >= ownRulesPosition);
  const at = behind === -1 ? concerned.length : behind;
  const inTurn = [...concerned.slice(0, at), ...own, ...concerned.slice(at)];
  const compiled: AccessRule[] = [];
  for (const { id, effect, action, filter, qos, retain } of inTurn) {
    const filled = filterFor({ filter, effect }, client);
    if (filled === undefined) continue;
    compiled.push({
      id,
      effect,
      action,
      filter: filled,
      ...(qos === undefined ? {} : { qos }),
      ...(retain === undefined ? {} : { retain }),
    });
  }
  return { rules: compiled, otherwise };
}

function concerns({ subjectKind, subject }: Rule, { user, groups, clientId }: Client): boolean {
  switch (subjectKind) {
    case "everyone":
      return true;
    case "user":
      return user === subject;
    case "group":
      return groups.includes(subject);
    case "client":
      return clientId === subject;
  }
}

function inOrder(one: Rule, other: Rule): number {
  if (one.position !== other.position) return one.position - other.position;
  return one.id < other.id ? -1 : 1;
}
