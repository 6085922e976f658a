// Rules that a token's claim or an HTTP authenticator brings along, read strictly: a rule that is not understood must not
// be passed over, since it may be the one that denies.

import type { QoS } from "../protocol/packet.ts";
import type { OwnRule } from "./compile.ts";
import { filterProblem } from "./placeholders.ts";

export const ownRulesMax = 200;
const fields = ["effect", "action", "filter", "qos", "retain"];

/** The rules, or what is wrong with them. */
export function readOwnRules(value: unknown): OwnRule[] | string {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return "rules are not a list";
  if (value.length > ownRulesMax) return `more than ${ownRulesMax} rules`;
  const rules: OwnRule[] = [];
  for (const [index, one] of value.entries()) {
    const rule = readOne(one);
    if (typeof rule === "string") return `rule ${index + 1} ${rule}`;
    rules.push(rule);
  }
  return rules;
}

function readOne(value: unknown): OwnRule | string {
  if (typeof value !== "object" || value === null) return "is no object";
  const unknown = Object.keys(value).find((field) => !fields.includes(field));
  if (unknown !== undefined) return `has a field that no rule has`;
  const { effect = "allow", action = "all", filter, qos, retain } = value as Record<string, unknown>;
  if (effect !== "allow" && effect !== "deny") return "neither allows nor denies";
  if (action !== "publish" && action !== "subscribe" && action !== "all") return "has an action that no rule has";
  if (typeof filter !== "string") return "has no filter";
  const problem = filterProblem(filter);
  if (problem !== undefined) return `has a filter that ${problem}`;
  if (qos !== undefined && !(Array.isArray(qos) && qos.length > 0 && qos.every(isQos))) return "has QoS that are none";
  if (retain !== undefined && typeof retain !== "boolean") return "has a retain that is neither true nor false";
  return {
    effect,
    action,
    filter,
    ...(qos === undefined ? {} : { qos: qos as QoS[] }),
    ...(retain === undefined ? {} : { retain }),
  };
}

function isQos(value: unknown): value is QoS {
  return value === 0 || value === 1 || value === 2;
}
