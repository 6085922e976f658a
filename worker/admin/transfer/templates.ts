// Session templates.

import * as z from "zod/mini";
import { newcomers } from "../../auth/subjects.ts";
import { configOf } from "../../config.ts";
import { put } from "../../d1/shape.ts";
import { countTemplates, type StoredTemplate, templateShape, templatesAfter } from "../../d1/templates.ts";
import { name } from "../schemas.ts";
import { sessionLimits } from "../session-limits.ts";
import { shownTemplate, templateDefinition, templateOf, templatesMax } from "../templates.ts";
import { checkEach, exported, intake, quotaOf, type Table, tooMany } from "./table.ts";

const row = z.extend(templateDefinition, {
  name,
  createdAtMs: z.optional(z.int()),
  changedAtMs: z.optional(z.int()),
});

export const templatesTable: Table = {
  name: "templates",
  about: "In CSV the subscriptions of each stand in one cell, as JSON.",
  columns: {
    name: "text",
    position: "number",
    pattern: "text",
    subscriptions: "json",
    ...Object.fromEntries(
      Object.keys(sessionLimits.shape).map((limit) => [`limits.${limit}`, limit === "queuePolicy" ? "text" : "number"]),
    ),
    comment: "text",
    createdAtMs: "number",
    changedAtMs: "number",
  },
  item: shownTemplate,
  async export(control, after, limit) {
    return exported(await templatesAfter(control, after, limit), limit, (template) => template.name);
  },
  intake: intake<typeof row, StoredTemplate>({
    row,
    shape: templateShape,
    keyOf: (template) => [template.name],
    concerns: () => newcomers,
    async check(rows, there, { env, control }) {
      const wrong = checkEach(rows, (template) => templateOf(template, configOf(env)));
      if (wrong.length > 0) return wrong;
      return tooMany(rows, there, quotaOf("name", await countTemplates(control), templatesMax));
    },
    async put(rows, _there, { env, control, nowMs }) {
      const templates = rows.map(({ createdAtMs = nowMs, ...template }) => ({
        ...template,
        ...templateOf(template, configOf(env)),
        createdAtMs,
        changedAtMs: nowMs,
      }));
      return put(control, templateShape, templates);
    },
  }),
};
