// Placeholders in the filters of rules: `%c` the client id, `%u` the user, `%{name}` a claim of the client's token. What a
// client says about itself must never widen a rule, so a value is only ever read as a part of one level:
//
//   1. A value with a wildcard or NUL in it stands in no topic name. A rule with it fits nothing.
//   2. A value with a slash in it would be several levels. An allow rule with it fits nothing; a deny rule takes it as it is.
//   3. A claim or user that is missing fits nothing in an allow rule. In a deny rule it fits every level.

import { parseDelayed } from "../topic/delayed.ts";
import { topicFilterProblem } from "../topic/name.ts";
import { isShared } from "../topic/share.ts";
import type { Rule } from "./rule.ts";

export interface PlaceholderValues {
  readonly clientId: string;
  readonly user: string | undefined;
  readonly claims: Readonly<Record<string, string>>;
}

const placeholder = /%c|%u|%\{([\w.:-]{1,64})\}/g;

/** Undefined if it may stand in a rule. */
export function filterProblem(filter: string): string | undefined {
  if (isShared(filter)) return "write the filter without $share and group: a rule holds for both kinds of subscription";
  if (parseDelayed(filter) !== undefined)
    return "write the topic without $delayed: a rule holds for delayed messages too";
  const problem = topicFilterProblem(filter.replace(placeholder, "x"));
  return problem === undefined ? undefined : `is no topic filter: ${problem}`;
}

/** The filter for one client; undefined if the rule fits nothing of it. */
export function filterFor(
  { filter, effect }: Pick<Rule, "filter" | "effect">,
  values: PlaceholderValues,
): string | undefined {
  const levels: string[] = [];
  for (const level of filter.split("/")) {
    const filled = fillLevel(level, effect, values);
    if (filled === undefined) return undefined;
    levels.push(filled);
  }
  const whole = levels.join("/");
  return topicFilterProblem(whole) === undefined ? whole : undefined;
}

function fillLevel(level: string, effect: Rule["effect"], values: PlaceholderValues): string | undefined {
  let isMissing = false;
  let isUnfit = false;
  const filled = level.replace(placeholder, (text, claim: string | undefined) => {
    const value = valueFor(text, claim, values);
    if (value === undefined || value === "") {
      isMissing = true;
      return "";
    }
    if (/[+#\0]/.test(value) || (effect === "allow" && value.includes("/"))) isUnfit = true;
    return value;
  });
  if (isUnfit) return undefined;
  if (!isMissing) return filled;
  return effect === "deny" ? "+" : undefined;
}

function valueFor(text: string, claim: string | undefined, values: PlaceholderValues): string | undefined {
  if (text === "%c") return values.clientId;
  if (text === "%u") return values.user;
  return claim !== undefined && Object.hasOwn(values.claims, claim) ? values.claims[claim] : undefined;
}
