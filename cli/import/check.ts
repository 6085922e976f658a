// Takes out of a plan what the HTTP API would refuse, and says why, so that a dry run tells the same as the import.

import { filterProblem } from "../../src/auth/placeholders.ts";
import { name as nameSchema } from "../../worker/admin/schemas.ts";
import type { ImportPlan, LeftBehind, PlannedRule } from "./plan.ts";

export function checkPlan(plan: ImportPlan): ImportPlan {
  const left: LeftBehind[] = [...plan.left];
  function fits(where: string, problem: string | undefined): boolean {
    if (problem !== undefined) left.push({ where, why: problem });
    return problem === undefined;
  }
  const groups = plan.groups.filter((group) => fits(`group ${group}`, nameProblem(group)));
  const users = plan.users
    .filter(({ name }) => fits(`user ${name}`, nameProblem(name)))
    .map((user) => ({ ...user, groups: user.groups.filter((group) => groups.includes(group)) }));
  const rules = plan.rules.filter((rule) =>
    fits(`rule for ${rule.subject || "everyone"}: ${rule.filter}`, ruleProblem(rule)),
  );
  return { users, groups, rules, bans: plan.bans, left };
}

function nameProblem(name: string): string | undefined {
  const { error } = nameSchema.safeParse(name);
  return error === undefined
    ? undefined
    : `no such name here: ${error.issues.map(({ message }) => message).join(", ")}`;
}

function ruleProblem({ filter, subjectKind, subject }: PlannedRule): string | undefined {
  const problem = filterProblem(filter);
  if (problem !== undefined) return problem;
  return subjectKind === "user" || subjectKind === "group" ? nameProblem(subject) : undefined;
}
