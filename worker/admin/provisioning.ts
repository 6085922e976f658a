// Sessions that are made before their clients ever connect, one or many.

import * as z from "zod/mini";
import { SESSION_NEVER_EXPIRES } from "../../src/protocol/packet.ts";
import { type NamedTemplate, templateFor } from "../../src/session/template.ts";
import { configOf, locationHints } from "../config.ts";
import { templatesInOrder } from "../d1/templates.ts";
import type { Env } from "../env.ts";
import { changeableId, changeablePath } from "./client-schemas.ts";
import { namedMax, note, sessionBefore } from "./note.ts";
import { ProblemError } from "./problem.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";
import { callSession } from "./session-call.ts";
import { limitsIn, sessionLimits } from "./session-limits.ts";
import { checkSubscriptions, grantedList, showGranted, subscriptionList } from "./subscription-schemas.ts";
import { templatesMax } from "./templates.ts";

const tag = "Sessions";
const manyMax = 10_000;
const atOnce = 6;

const fields = {
  expirySeconds: z
    ._default(z.nullable(z.int().check(z.minimum(1), z.maximum(SESSION_NEVER_EXPIRES - 1))), null)
    .check(z.describe("How long the session waits for its client, and outlives it; null: for ever.")),
  subscriptions: z._default(subscriptionList, []),
  limits: z._default(sessionLimits, {}).check(z.describe("Where it has others than its template or the deployment.")),
  locationHint: z
    .optional(z.enum(locationHints))
    .check(z.describe("Where it is made, as far as the platform can; otherwise near whoever calls.")),
};

const definition = z.strictObject(fields);
type Definition = z.output<typeof definition>;

const answer = z.object({
  clientId: z.string(),
  created: z.boolean().check(z.describe("False: there was a session, and it has been brought into line.")),
  subscriptions: grantedList,
});

const outcome = z.object({
  clientId: z.string(),
  status: z.int().check(z.describe("As the route for one would have answered.")),
  created: z.optional(z.boolean()),
  subscriptions: z.optional(grantedList),
  problem: z.optional(z.object({ title: z.string(), remedy: z.string() })),
});

/** What the request says counts before what the template for its client id says. */
async function provision(env: Env, templates: readonly NamedTemplate[], id: string, body: Definition) {
  const { expirySeconds, locationHint, limits } = body;
  const template = templateFor(templates, id, undefined);
  const filters = new Set(body.subscriptions.map(({ filter }) => filter));
  const ofTemplate = template?.subscriptions.filter(({ filter }) => !filters.has(filter)) ?? [];
  const subscriptions = [...ofTemplate, ...body.subscriptions];
  const request = {
    kind: "provision",
    clientId: id,
    expirySeconds: expirySeconds ?? SESSION_NEVER_EXPIRES,
    subscriptions,
    limits: { ...template?.limits, ...limitsIn(limits) },
  } as const;
  const answered = await callSession({ env, clientId: id, request, hopes: "provisioned", locationHint });
  const { created, reasons, before } = answered;
  const granted = showGranted(
    subscriptions.map(({ filter }) => filter),
    reasons,
  );
  return { clientId: id, created, subscriptions: granted, before };
}

/** One line for each, in order, as they are done: a few at a time, and no more than the caller reads. */
function provisionAll(
  env: Env,
  templates: readonly NamedTemplate[],
  sessions: readonly (Definition & { readonly clientId: string })[],
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      const batch = sessions.slice(next, next + atOnce);
      next += batch.length;
      const outcomes = await Promise.all(batch.map(({ clientId: id, ...one }) => attempt(env, templates, id, one)));
      for (const one of outcomes) controller.enqueue(encoder.encode(`${JSON.stringify(one)}\n`));
      if (next >= sessions.length) controller.close();
    },
  });
}

async function attempt(
  env: Env,
  templates: readonly NamedTemplate[],
  id: string,
  one: Definition,
): Promise<z.output<typeof outcome>> {
  try {
    const { before: _unasked, ...made } = await provision(env, templates, id, one);
    return { status: 200, ...made };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { status, title, remedy } = error.problem;
    return { clientId: id, status, problem: { title, remedy } };
  }
}

export const provisioningRoutes = [
  route({
    method: "PUT",
    path: "/sessions/{clientId}",
    scope: "operate",
    tag,
    summary: "Provision a session before its client connects",
    description:
      "Messages are kept for it from the moment this is answered. The client's first CONNECT finds the session, unless it asks for a clean start; its " +
      "session expiry interval then is the client's own. If there is a session it gets this expiry, these limits and these subscriptions, and keeps its " +
      "messages and other subscriptions: the same call again changes nothing. What the template for its client id says holds too, as it is now, where this says nothing else.",
    params: changeablePath,
    query: none,
    body: definition,
    answers: { status: 200, description: "The session is there.", schema: answer },
    async handle(call) {
      const { env, control, body, path } = call;
      checkSubscriptions(body.subscriptions, "body.subscriptions", configOf(env));
      const templates = await templatesInOrder(control, templatesMax);
      const found = await note(call, { action: "session.provision", subject: path.clientId, after: body });
      const { before, ...made } = await provision(env, templates, path.clientId, body);
      await found({ before: sessionBefore(before) });
      return { status: 200, body: made };
    },
  }),
  route({
    method: "POST",
    path: "/sessions",
    scope: "operate",
    tag,
    summary: "Provision many sessions",
    description:
      "A list, or with `application/x-ndjson` one on each line. Each is done for itself, and answered on a line of its own, in order and as soon as it is " +
      "done. What a broken connection leaves undone, the same call again completes.",
    params: none,
    query: none,
    body: z.array(z.strictObject({ clientId: changeableId, ...fields })).check(z.minLength(1), z.maxLength(manyMax)),
    takesLines: true,
    bodyBytesMax: 8 * 1024 * 1024,
    answers: { status: 200, description: "What became of each.", schema: outcome, type: "application/x-ndjson" },
    async handle(call) {
      const { env, control, body } = call;
      for (const [index, { subscriptions }] of body.entries()) {
        checkSubscriptions(subscriptions, `body.${index}.subscriptions`, configOf(env));
      }
      const templates = await templatesInOrder(control, templatesMax);
      await note(call, {
        action: "sessions.provision",
        subject: `${body.length} sessions`,
        after: body.slice(0, namedMax).map((one) => one.clientId),
      });
      return { status: 200, body: provisionAll(env, templates, body) };
    },
  }),
];
