// Mosquitto's ACL file. What it says and rules here do not:
//
//   1. Lines before the first `user` are for clients without a name. A rule here is for everyone, with a name or without, so
//      taking them over would give users more than they had: they are left behind.
//   2. `deny` wins over everything else. It gets an earlier position.
//   3. `read` is about what is delivered; subscribing to more is allowed there, and brings less. Here a subscription has to be
//      covered by a rule: whoever subscribes to `#` and may read `a/#` is refused, and has to subscribe to `a/#`.

import type { Rule } from "../../src/auth/rule.ts";
import { type ImportPlan, type LeftBehind, nothing, type PlannedRule } from "./plan.ts";

const denyPosition = 1_000;
const allowPosition = 2_000;
const actions: Readonly<Record<string, Pick<Rule, "effect" | "action">>> = {
  read: { effect: "allow", action: "subscribe" },
  write: { effect: "allow", action: "publish" },
  readwrite: { effect: "allow", action: "all" },
  deny: { effect: "deny", action: "all" },
};

export function fromAclFile(text: string): ImportPlan {
  const rules: PlannedRule[] = [];
  const left: LeftBehind[] = [];
  let user: string | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const where = `line ${index + 1}`;
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, keyword = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    switch (keyword) {
      case "user":
        user = rest;
        break;
      case "topic":
        if (user === undefined)
          left.push({ where, why: `for clients without a name, who have no rules of their own: ${rest}` });
        else rules.push(ruleOf(rest, { subjectKind: "user", subject: user }, where));
        break;
      case "pattern":
        rules.push(ruleOf(rest, { subjectKind: "everyone", subject: "" }, where));
        break;
      default:
        left.push({ where, why: `not known: ${line}` });
    }
  }
  if (rules.some(({ action, effect }) => effect === "allow" && action !== "publish")) {
    left.push({
      where: "read",
      why: "a subscription has to be covered by a rule here; wider ones, which Mosquitto thins out, are refused",
    });
  }
  return { ...nothing, rules, left };
}

function ruleOf(text: string, subject: Pick<Rule, "subjectKind" | "subject">, where: string): PlannedRule {
  const [first = "", ...others] = text.split(/\s+/);
  const named = others.length > 0 ? actions[first] : undefined;
  const { effect, action } = named ?? (actions["readwrite"] as Pick<Rule, "effect" | "action">);
  const filter = named === undefined ? text : text.slice(first.length).trim();
  const position = effect === "deny" ? denyPosition : allowPosition;
  return { position, effect, action, ...subject, filter, comment: `from a Mosquitto ACL file, ${where}` };
}
