// Session templates: what sessions have from their first moment, by the client ids that they are made for.

import * as z from "zod/mini";
import { newcomers } from "../auth/subjects.ts";
import { type Config, configOf } from "../config.ts";
import type { Control } from "../d1/control.ts";
import { findOne } from "../d1/seen.ts";
import { put } from "../d1/shape.ts";
import { countTemplates, deleteTemplate, type StoredTemplate, templateShape, templatesAfter } from "../d1/templates.ts";
import { change } from "./change.ts";
import { type Existing, existing } from "./existing.ts";
import { conflict, invalid } from "./problem.ts";
import { route } from "./route.ts";
import { comment, name, none, page, pageOf, pageSchema } from "./schemas.ts";
import { limitsIn, sessionLimits } from "./session-limits.ts";
import { checkSubscriptions, newSubscription, subscriptionList } from "./subscription-schemas.ts";

const tag = "Session templates";
/** All are read together at CONNECT. */
export const templatesMax = 200;
/** Of a template's subscriptions, as JSON: they travel with each CONNECT that fits. */
const subscriptionBytesMax = 16 * 1024;

const fields = {
  position: z._default(z.int().check(z.minimum(0), z.maximum(1_000_000)), 1000),
  pattern: z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(512),
      z.describe("Of client ids: `*` stands for any characters, also none, and everything else for itself."),
    ),
  subscriptions: z._default(subscriptionList, []),
  limits: z._default(sessionLimits, {}),
  comment,
};

export const shownTemplate = z.object({
  name: z.string(),
  ...fields,
  subscriptions: z.array(newSubscription),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});

export const templateDefinition = z.strictObject(fields);
const params = z.strictObject({ name });

function existingTemplate(control: Control, templateName: string): Promise<Existing<StoredTemplate>> {
  return existing(control, templateShape, [templateName], `session template ${JSON.stringify(templateName)}`);
}

type Definition = z.output<typeof templateDefinition>;

/** What a schema for one field cannot say. */
export function templateOf({ limits, ...body }: Definition, config: Config) {
  const { subscriptions } = body;
  for (const [index, { filter }] of subscriptions.entries()) {
    const path = `body.subscriptions.${index}.filter`;
    if (filter.includes("%{")) throw invalid(path, "a template knows %c and %u, and no claims");
    if (subscriptions.findIndex((other) => other.filter === filter) < index) throw invalid(path, "stands there twice");
  }
  const filled = subscriptions.map((one) => ({ ...one, filter: one.filter.replace(/%[cu]/g, "x") }));
  checkSubscriptions(filled, "body.subscriptions", config);
  if (new TextEncoder().encode(JSON.stringify(subscriptions)).length > subscriptionBytesMax) {
    throw invalid("body.subscriptions", `take more than ${subscriptionBytesMax} bytes: use wildcards`);
  }
  return { ...body, limits: limitsIn(limits) };
}

export const templateRoutes = [
  route({
    method: "GET",
    path: "/templates",
    scope: "read",
    tag,
    summary: "List session templates",
    description: "In the order of their names, not of their positions.",
    params: none,
    query: page,
    answers: { status: 200, description: "Templates.", schema: pageSchema(shownTemplate) },
    async handle({ control, query }) {
      const templates = await templatesAfter(control, query.after, query.limit);
      return { status: 200, body: pageOf(templates, query.limit, (template) => template.name) };
    },
  }),
  route({
    method: "GET",
    path: "/templates/{name}",
    scope: "read",
    tag,
    summary: "Read a session template",
    params,
    query: none,
    answers: { status: 200, description: "The template.", schema: shownTemplate },
    async handle({ control, path }) {
      return { status: 200, body: (await existingTemplate(control, path.name)).item };
    },
  }),
  route({
    method: "PUT",
    path: "/templates/{name}",
    scope: "operate",
    tag,
    summary: "Make or replace a session template",
    description:
      "A session that is made for a client id which fits the pattern has these subscriptions and limits from its first moment: its client is sent CONNACK when they " +
      "are routed. Of several templates that fit, the one with the lowest position counts. In a filter `%c` stands for the client id and `%u` for the user; a subscription " +
      "is left out where they cannot be filled in, or where the client may not subscribe. Holds at once for sessions that are made from then on; those that are there " +
      "stay as they are, until they are provisioned again.",
    params,
    query: none,
    body: templateDefinition,
    answers: { status: 200, description: "The template.", schema: shownTemplate },
    async handle(call) {
      const { env, control, path, body, nowMs } = call;
      const made = templateOf(body, configOf(env));
      const { item: before, seen } = await findOne(control, templateShape, path.name);
      if (before === undefined && (await countTemplates(control)) >= templatesMax) {
        throw conflict(
          `There are ${templatesMax} session templates.`,
          "Use patterns and placeholders for many clients.",
        );
      }
      const after: StoredTemplate = {
        name: path.name,
        ...made,
        createdAtMs: before?.createdAtMs ?? nowMs,
        changedAtMs: nowMs,
      };
      await change(call, {
        restsOn: [seen],
        statements: put(control, templateShape, [after]),
        concerns: [newcomers],
        action: "template.put",
        subject: path.name,
        ...(before === undefined ? {} : { before }),
        after,
      });
      return { status: 200, body: after };
    },
  }),
  route({
    method: "DELETE",
    path: "/templates/{name}",
    scope: "operate",
    tag,
    summary: "Delete a session template",
    description: "Sessions that were made with it stay as they are.",
    params,
    query: none,
    answers: { status: 204, description: "The template is gone." },
    async handle(call) {
      const { control, path } = call;
      const { item: before, seen } = await existingTemplate(control, path.name);
      await change(call, {
        restsOn: [seen],
        statements: [deleteTemplate(control, path.name)],
        concerns: [newcomers],
        action: "template.delete",
        subject: path.name,
        before,
      });
      return { status: 204 };
    },
  }),
];
