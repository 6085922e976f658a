// Sessions that are made before their clients ever connect, one or many.

import * as z from "zod/mini";
import { SESSION_NEVER_EXPIRES } from "../../src/protocol/packet.ts";
import { configOf, locationHints } from "../config.ts";
import type { Env } from "../env.ts";
import { clientId, clientPath } from "./client-schemas.ts";
import { note } from "./note.ts";
import { ProblemError } from "./problem.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";
import { callSession } from "./session-call.ts";
import { checkSubscriptions, grantedList, showGranted, subscriptionList } from "./subscription-schemas.ts";

const tag = "Sessions";
const manyMax = 10_000;
const atOnce = 6;

const limits = z.strictObject({
  queueMessagesMax: z.optional(z.int().check(z.minimum(1), z.maximum(10_000_000))),
  queueBytesMax: z.optional(z.int().check(z.minimum(1024), z.maximum(5_000_000_000))),
  queuePolicy: z.optional(z.enum(["reject", "drop-oldest", "drop-newest"])),
  inflightMax: z.optional(z.int().check(z.minimum(1), z.maximum(65_535))),
  subscriptionsMax: z.optional(z.int().check(z.minimum(1), z.maximum(100_000))),
});

const fields = {
  expirySeconds: z
    ._default(z.nullable(z.int().check(z.minimum(1), z.maximum(SESSION_NEVER_EXPIRES - 1))), null)
    .check(z.describe("How long the session waits for its client, and outlives it; null: for ever.")),
  subscriptions: z._default(subscriptionList, []),
  limits: z._default(limits, {}).check(z.describe("Where it has others than the deployment says.")),
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

async function provision(env: Env, id: string, { expirySeconds, locationHint, ...rest }: Definition) {
  const given = Object.entries(rest.limits).filter(([, value]) => value !== undefined);
  const request = {
    kind: "provision",
    clientId: id,
    expirySeconds: expirySeconds ?? SESSION_NEVER_EXPIRES,
    subscriptions: rest.subscriptions,
    limits: Object.fromEntries(given),
  } as const;
  const { created, reasons } = await callSession({ env, clientId: id, request, hopes: "provisioned", locationHint });
  const filters = rest.subscriptions.map(({ filter }) => filter);
  return { clientId: id, created, subscriptions: showGranted(filters, reasons) };
}

/** One line for each, in order, as they are done: a few at a time, and no more than the caller reads. */
function provisionAll(
  env: Env,
  sessions: readonly (Definition & { readonly clientId: string })[],
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      const batch = sessions.slice(next, next + atOnce);
      next += batch.length;
      const outcomes = await Promise.all(batch.map(({ clientId: id, ...one }) => attempt(env, id, one)));
      for (const one of outcomes) controller.enqueue(encoder.encode(`${JSON.stringify(one)}\n`));
      if (next >= sessions.length) controller.close();
    },
  });
}

async function attempt(env: Env, id: string, one: Definition): Promise<z.output<typeof outcome>> {
  try {
    return { status: 200, ...(await provision(env, id, one)) };
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
      "messages and other subscriptions: the same call again changes nothing.",
    params: clientPath,
    query: none,
    body: definition,
    answers: { status: 200, description: "The session is there.", schema: answer },
    async handle(call) {
      const { env, body, path } = call;
      checkSubscriptions(body.subscriptions, "body.subscriptions", configOf(env));
      await note(call, { action: "session.provision", subject: path.clientId, after: body });
      return { status: 200, body: await provision(env, path.clientId, body) };
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
    body: z.array(z.strictObject({ clientId, ...fields })).check(z.minLength(1), z.maxLength(manyMax)),
    takesLines: true,
    bodyBytesMax: 8 * 1024 * 1024,
    answers: { status: 200, description: "What became of each.", schema: outcome, type: "application/x-ndjson" },
    async handle(call) {
      const { env, body } = call;
      for (const [index, { subscriptions }] of body.entries()) {
        checkSubscriptions(subscriptions, `body.${index}.subscriptions`, configOf(env));
      }
      await note(call, { action: "sessions.provision", subject: `${body.length} sessions` });
      return { status: 200, body: provisionAll(env, body) };
    },
  }),
];
