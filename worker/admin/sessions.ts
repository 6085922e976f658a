// Sessions: their end, and their queues.

import * as z from "zod/mini";
import type { QueuedMessage } from "../../src/session/queue-page.ts";
import { mayUse } from "./caller.ts";
import { changeablePath, clientPath } from "./client-schemas.ts";
import { note, sessionBefore } from "./note.ts";
import { notFound, ProblemError } from "./problem.ts";
import { route } from "./route.ts";
import { cursor, none, pageSchema } from "./schemas.ts";
import { callSession } from "./session-call.ts";

const tag = "Sessions";
const payloadBytesMax = 4 * 1024 * 1024;

const queued = z.object({
  position: z.number().check(z.describe("Counted from the session's first message.")),
  state: z
    .enum(["waiting", "sent", "released", "leased"])
    .check(z.describe("sent: on its way to the client; released: its PUBREC has come; leased: handed out over HTTP.")),
  topic: z.string(),
  qos: z.literal([0, 1, 2]),
  retain: z.boolean(),
  payloadBytes: z.number(),
  queuedAtMs: z.nullable(z.number()).check(z.describe("null: earlier code stored it.")),
  expiresAtMs: z.nullable(z.number()),
  mayBeKnown: z.boolean().check(z.describe("It was, or may have been, handed to somebody before.")),
  packetId: z.nullable(z.number()),
  leasedUntilMs: z.nullable(z.number()),
  deliveries: z.number().check(z.describe("How often it was handed out over HTTP.")),
  payload: z.nullable(z.string()).check(z.describe("In base64; null unless asked for, and beyond 4 MiB of a page.")),
});

function show(message: QueuedMessage): z.output<typeof queued> {
  const { payload, packetId, leasedUntilMs, deliveries, queuedAtMs, expiresAtMs, ...rest } = message;
  return {
    ...rest,
    queuedAtMs: queuedAtMs || null,
    expiresAtMs: expiresAtMs || null,
    packetId: packetId ?? null,
    leasedUntilMs: leasedUntilMs ?? null,
    deliveries: deliveries ?? 0,
    payload: payload === undefined ? null : Buffer.from(payload).toString("base64"),
  };
}

export const sessionRoutes = [
  route({
    method: "DELETE",
    path: "/sessions/{clientId}",
    scope: "operate",
    tag,
    summary: "End a session",
    description:
      "With its subscriptions and its queue, which is counted as dropped. A client that is connected is told 0x98, and its will is published.",
    params: changeablePath,
    query: none,
    answers: { status: 204, description: "The session is gone." },
    async handle(call) {
      const { env, path } = call;
      const found = await note(call, { action: "session.end", subject: path.clientId });
      const request = { kind: "end" } as const;
      const { existed, before } = await callSession({ env, clientId: path.clientId, request, hopes: "ended" });
      await found({ before: sessionBefore(before) });
      if (!existed) throw notFound(`session of the client ${JSON.stringify(path.clientId)}`);
      return { status: 204 };
    },
  }),
  route({
    method: "GET",
    path: "/sessions/{clientId}/queue",
    scope: "read",
    tag,
    summary: "Look into a session's queue and its window",
    description: "The oldest message first. Nothing is taken out. Payloads need the scope `operate`.",
    params: clientPath,
    query: z.strictObject({
      after: cursor(/^\d{0,15}$/),
      limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(1000)), 100),
      payload: z._default(z.enum(["none", "base64"]), "none"),
    }),
    answers: { status: 200, description: "Messages.", schema: pageSchema(queued) },
    async handle({ env, caller, path: { clientId }, query }) {
      const wantsPayload = query.payload !== "none";
      if (wantsPayload && !mayUse(caller, "operate")) {
        throw new ProblemError({
          status: 403,
          name: "scope-missing",
          title: 'Payloads need the scope "operate".',
          remedy: "Leave `payload` out, or use a key with that scope.",
        });
      }
      const request = {
        kind: "queue",
        from: Number(query.after),
        limit: query.limit,
        payloadBytesMax: wantsPayload ? payloadBytesMax : 0,
      } as const;
      const { messages, next } = await callSession({ env, clientId, request, hopes: "queue" });
      return { status: 200, body: { items: messages.map(show), next: next === undefined ? null : String(next) } };
    },
  }),
  route({
    method: "DELETE",
    path: "/sessions/{clientId}/queue",
    scope: "operate",
    tag,
    summary: "Empty a session's queue",
    description:
      "Counted as dropped, reason `purged`. What somebody has in hand stays: messages on their way to a connected client, leased ones, and those of QoS 2 " +
      "that were begun with a client.",
    params: clientPath,
    query: none,
    answers: {
      status: 200,
      description: "How many are gone, and how many somebody has in hand.",
      schema: z.object({ purged: z.number(), left: z.number() }),
    },
    async handle(call) {
      const { env, path } = call;
      const found = await note(call, { action: "session.purge", subject: path.clientId });
      const request = { kind: "purge" } as const;
      const { purged, left } = await callSession({ env, clientId: path.clientId, request, hopes: "purged" });
      await found({ before: { messages: purged + left }, after: { messages: left } });
      return { status: 200, body: { purged, left } };
    },
  }),
];
