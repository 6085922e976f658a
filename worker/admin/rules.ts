// Access rules.

import * as z from "zod/mini";
import { filterProblem } from "../../src/auth/placeholders.ts";
import { newId } from "../auth/secret.ts";
import { subjectOf } from "../auth/subjects.ts";
import type { Control } from "../d1/control.ts";
import { countRulesOfUser, countSharedRules, deleteRule, ruleShape, rulesAfter, type StoredRule } from "../d1/rules.ts";
import { put } from "../d1/shape.ts";
import { change } from "./change.ts";
import { type Existing, existing } from "./existing.ts";
import { conflict, invalid } from "./problem.ts";
import { route } from "./route.ts";
import { comment, idCursor, none, page, pageOf, pageSchema } from "./schemas.ts";

const tag = "Rules";
/** Both are read together at CONNECT. */
export const sharedRulesMax = 5_000;
export const rulesOfUserMax = 500;

const qos = z.array(z.literal([0, 1, 2])).check(z.minLength(1), z.maxLength(3));

const fields = {
  position: z._default(z.int().check(z.minimum(0), z.maximum(1_000_000)), 1000),
  effect: z.enum(["allow", "deny"]),
  action: z._default(z.enum(["publish", "subscribe", "all"]), "all"),
  subjectKind: z.enum(["user", "group", "client", "everyone"]),
  subject: z._default(z.string().check(z.maxLength(1024)), ""),
  filter: z.string().check(z.minLength(1), z.maxLength(4096)),
  qos: z.optional(qos),
  retain: z.optional(z.boolean()),
  comment,
};

export const newRule = z.strictObject(fields);
type NewRule = z.output<typeof newRule>;

export const shownRule = z.object({
  id: z.string(),
  ...fields,
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});

export const ruleId = z.string().check(z.regex(/^[0-9a-z]{1,40}$/));

const params = z.strictObject({ id: ruleId });

const selection = z.extend(page, {
  after: idCursor,
  subjectKind: z.optional(z.enum(["user", "group", "client", "everyone"])),
  subject: z.optional(z.string().check(z.maxLength(1024))),
});

function existingRule(control: Control, id: string): Promise<Existing<StoredRule>> {
  return existing(control, ruleShape, [id], `rule ${id}`);
}

/** What a schema for one field cannot say. */
export function ruleOf(body: NewRule): Omit<StoredRule, "id" | "createdAtMs" | "changedAtMs"> {
  const { qos: levels, retain, ...rest } = body;
  const isEveryone = body.subjectKind === "everyone";
  if (isEveryone !== (body.subject === "")) {
    throw invalid("body.subject", isEveryone ? "everyone has no name: leave it out" : "who the rule is for is missing");
  }
  if (retain !== undefined && body.action === "subscribe") {
    throw invalid(
      "body.retain",
      "says something about messages that are published, and this rule is about subscribing",
    );
  }
  const problem = filterProblem(body.filter);
  if (problem !== undefined) throw invalid("body.filter", problem);
  return {
    ...rest,
    ...(levels === undefined ? {} : { qos: [...new Set(levels)].sort() }),
    ...(retain === undefined ? {} : { retain }),
  };
}

async function hasRoom(control: Control, { subjectKind, subject }: NewRule): Promise<void> {
  const isOfUser = subjectKind === "user";
  const count = isOfUser ? await countRulesOfUser(control, subject) : await countSharedRules(control);
  const max = isOfUser ? rulesOfUserMax : sharedRulesMax;
  if (count < max) return;
  const title = isOfUser ? `The user has ${max} rules.` : `There are ${max} rules that are not of one user.`;
  throw conflict(title, "Use placeholders and wildcards, so that one rule says what many do.");
}

export const ruleRoutes = [
  route({
    method: "GET",
    path: "/rules",
    scope: "read",
    tag,
    summary: "List rules",
    description: "In the order of their ids, not of their positions.",
    params: none,
    query: selection,
    answers: { status: 200, description: "Rules.", schema: pageSchema(shownRule) },
    async handle({ control, query }) {
      const rules = await rulesAfter(control, query, query.after, query.limit);
      return { status: 200, body: pageOf(rules, query.limit, (rule) => rule.id) };
    },
  }),
  route({
    method: "POST",
    path: "/rules",
    scope: "admin",
    tag,
    summary: "Create a rule",
    description:
      "Rules are tried by rising position; the first that fits decides. In the filter, `%c` stands for the client id, `%u` for the " +
      "user and `%{name}` for a claim of the client's token.",
    params: none,
    query: none,
    body: newRule,
    answers: { status: 201, description: "The rule.", schema: shownRule },
    async handle(call) {
      const { control, body, nowMs } = call;
      const rule: StoredRule = { ...ruleOf(body), id: newId(nowMs), createdAtMs: nowMs, changedAtMs: nowMs };
      await hasRoom(control, body);
      await change(call, {
        restsOn: [],
        statements: put(control, ruleShape, [rule]),
        concerns: [subjectOf(rule.subjectKind, rule.subject)],
        action: "rule.create",
        subject: rule.id,
        after: rule,
      });
      return { status: 201, body: rule };
    },
  }),
  route({
    method: "GET",
    path: "/rules/{id}",
    scope: "read",
    tag,
    summary: "Read a rule",
    params,
    query: none,
    answers: { status: 200, description: "The rule.", schema: shownRule },
    async handle({ control, path }) {
      return { status: 200, body: (await existingRule(control, path.id)).item };
    },
  }),
  route({
    method: "PUT",
    path: "/rules/{id}",
    scope: "admin",
    tag,
    summary: "Replace a rule",
    params,
    query: none,
    body: newRule,
    answers: { status: 200, description: "The rule as it is now.", schema: shownRule },
    async handle(call) {
      const { control, path, body, nowMs } = call;
      const { item: before, seen } = await existingRule(control, path.id);
      const moves = before.subjectKind !== body.subjectKind || before.subject !== body.subject;
      if (moves) await hasRoom(control, body);
      const after = { ...ruleOf(body), id: path.id, createdAtMs: before.createdAtMs, changedAtMs: nowMs };
      await change(call, {
        restsOn: [seen],
        statements: put(control, ruleShape, [after]),
        concerns: [subjectOf(before.subjectKind, before.subject), subjectOf(after.subjectKind, after.subject)],
        action: "rule.change",
        subject: path.id,
        before,
        after,
      });
      return { status: 200, body: after };
    },
  }),
  route({
    method: "DELETE",
    path: "/rules/{id}",
    scope: "admin",
    tag,
    summary: "Delete a rule",
    params,
    query: none,
    answers: { status: 204, description: "The rule is gone." },
    async handle(call) {
      const { control, path } = call;
      const { item: before, seen } = await existingRule(control, path.id);
      await change(call, {
        restsOn: [seen],
        statements: [deleteRule(control, path.id)],
        concerns: [subjectOf(before.subjectKind, before.subject)],
        action: "rule.delete",
        subject: path.id,
        before,
      });
      return { status: 204 };
    },
  }),
];
