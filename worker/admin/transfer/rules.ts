// Access rules.

import * as z from "zod/mini";
import { newId } from "../../auth/secret.ts";
import { subjectOf } from "../../auth/subjects.ts";
import { countRulesByUser, countSharedRules, ruleShape, rulesAfter, type StoredRule } from "../../d1/rules.ts";
import { put } from "../../d1/shape.ts";
import { newRule, ruleId, ruleOf, rulesOfUserMax, sharedRulesMax, shownRule } from "../rules.ts";
import { checkEach, exported, intake, type Table, tooMany } from "./table.ts";

const row = z.extend(newRule, {
  id: z.optional(ruleId),
  createdAtMs: z.optional(z.int()),
  changedAtMs: z.optional(z.int()),
});

export const rulesTable: Table = {
  name: "rules",
  about: "One without an `id` is a new one; those of one position are tried in the order of the file.",
  columns: {
    id: "text",
    position: "number",
    effect: "text",
    action: "text",
    subjectKind: "text",
    subject: "text",
    filter: "text",
    qos: "numbers",
    retain: "boolean",
    comment: "text",
    createdAtMs: "number",
    changedAtMs: "number",
  },
  item: shownRule,
  async export(control, after, limit) {
    return exported(await rulesAfter(control, {}, after, limit), limit, (rule) => rule.id);
  },
  intake: intake<typeof row, StoredRule>({
    row,
    shape: ruleShape,
    keyOf: (rule) => (rule.id === undefined ? undefined : [rule.id]),
    concerns: (rule) => subjectOf(rule.subjectKind, rule.subject),
    async check(rows, known, { control }) {
      const wrong = checkEach(rows, ruleOf);
      if (wrong.length > 0) return wrong;
      const isOfUser = ({ subjectKind }: Pick<StoredRule, "subjectKind">) => subjectKind === "user";
      const users = [...new Set(rows.filter(isOfUser).map(({ subject }) => subject))];
      return [
        ...tooMany(rows, known, {
          ownerOf: (rule) => (isOfUser(rule) ? undefined : ""),
          known: new Map([["", await countSharedRules(control)]]),
          max: sharedRulesMax,
          field: "subjectKind",
        }),
        ...tooMany(rows, known, {
          ownerOf: (rule) => (isOfUser(rule) ? rule.subject : undefined),
          known: await countRulesByUser(control, users),
          max: rulesOfUserMax,
          field: "subject",
        }),
      ];
    },
    async put(rows, _there, { control, nowMs }) {
      const rules = rows.map(({ id, createdAtMs = nowMs, changedAtMs: _before, ...rule }, index) => ({
        ...ruleOf(rule),
        id: id ?? newId(nowMs + index),
        createdAtMs,
        changedAtMs: nowMs,
      }));
      return put(control, ruleShape, rules);
    },
  }),
};
