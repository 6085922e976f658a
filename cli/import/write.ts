// Makes what a plan says, through the HTTP API: groups before users, users before rules. It can be run again: what is there
// already stays, or is replaced if so asked.

import type { ImportPlan, LeftBehind } from "./plan.ts";

export type Conflicts = "keep" | "replace";

export interface Target {
  /** The broker's own address, without /api/v1. */
  readonly api: string;
  readonly key: string;
  readonly conflicts: Conflicts;
}

export interface Written {
  readonly made: number;
  readonly replaced: number;
  /** They existed. */
  readonly kept: number;
  readonly refused: readonly LeftBehind[];
}

interface Problem {
  readonly title?: string;
  readonly remedy?: string;
  readonly errors?: readonly { readonly path?: string; readonly message?: string }[];
}

export async function writePlan(plan: ImportPlan, target: Target): Promise<Written> {
  const written = { made: 0, replaced: 0, kept: 0 };
  const refused: LeftBehind[] = [];
  async function post(path: string, where: string, body: unknown): Promise<boolean> {
    const answer = await call(target, "POST", path, body);
    if (answer.ok) written.made++;
    else if (answer.status === 409) return false;
    else refused.push({ where, why: await reasonOf(answer) });
    return true;
  }

  for (const name of plan.groups) {
    if (!(await post("/groups", `group ${name}`, { name }))) written.kept++;
  }
  for (const user of plan.users) {
    const { name, ...fields } = user;
    if (await post("/users", `user ${name}`, user)) continue;
    if (target.conflicts === "keep") {
      written.kept++;
      continue;
    }
    const answer = await call(target, "PATCH", `/users/${encodeURIComponent(name)}`, fields);
    if (answer.ok) written.replaced++;
    else refused.push({ where: `user ${name}`, why: await reasonOf(answer) });
  }
  const known = await knownRules(target);
  for (const rule of plan.rules) {
    const where = `rule for ${rule.subject || "everyone"}: ${rule.filter}`;
    if (known.has(ruleKey(rule))) written.kept++;
    else if (!(await post("/rules", where, rule)))
      refused.push({ where, why: "there are as many rules as there may be" });
  }
  for (const ban of plan.bans) {
    const where = `ban of ${ban.value}`;
    if (!(await post("/bans", where, ban))) refused.push({ where, why: "there are as many bans as there may be" });
  }
  return { ...written, refused };
}

type RuleLike = Pick<
  ImportPlan["rules"][number],
  "position" | "effect" | "action" | "subjectKind" | "subject" | "filter"
>;

function ruleKey({ position, effect, action, subjectKind, subject, filter }: RuleLike): string {
  return JSON.stringify([position, effect, action, subjectKind, subject, filter]);
}

/** Rules have no names: one that says the same is the same. */
async function knownRules(target: Target): Promise<Set<string>> {
  const keys = new Set<string>();
  for (let after: string | null = ""; after !== null; ) {
    const answer = await call(target, "GET", `/rules?limit=1000&after=${encodeURIComponent(after)}`);
    if (!answer.ok) throw new Error(`the rules cannot be listed: ${await reasonOf(answer)}`);
    const page = (await answer.json()) as { readonly items: readonly RuleLike[]; readonly next: string | null };
    for (const rule of page.items) keys.add(ruleKey(rule));
    after = page.next;
  }
  return keys;
}

async function call({ api, key }: Target, method: string, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(new URL(`/api/v1${path}`, api), {
    method,
    headers: { Authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status === 401 || answer.status === 403)
    throw new Error(`the HTTP API refuses this key: ${await reasonOf(answer)}`);
  if (answer.status >= 500) throw new Error(`the broker failed at ${method} ${path}: ${await reasonOf(answer)}`);
  return answer;
}

async function reasonOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { title = "", remedy = "", errors = [] } = JSON.parse(text) as Problem;
    const fields = errors.map(({ path = "", message = "" }) => `${path} ${message}`.trim());
    return [title, ...fields, remedy].filter((part) => part !== "").join(" ");
  } catch {
    return `status ${answer.status}`;
  }
}
