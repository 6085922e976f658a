// A session's queue for workers that do not speak MQTT: pull, handle, acknowledge.

import * as z from "zod/mini";
import type { Handle, PullRequest, SettleRequest } from "../../src/session/consume.ts";
import type { Env } from "../env.ts";
import { changeablePath } from "./client-schemas.ts";
import { show, shownMessage } from "./messages.ts";
import { news } from "./news.ts";
import { type Route, route } from "./route.ts";
import { none } from "./schemas.ts";
import { callSession } from "./session-call.ts";

const tag = "Consuming";
const daySeconds = 86_400;
const waitSecondsMax = 30;
/** Others may be faster each time that something comes. */
const attemptsMax = 100;

const visibilitySeconds = z._default(z.int().check(z.minimum(1), z.maximum(daySeconds)), 30);

const pullBody = z.strictObject({
  messagesMax: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 10),
  bytesMax: z
    ._default(z.int().check(z.minimum(1), z.maximum(8 * 1024 * 1024)), 1024 * 1024)
    .check(z.describe("Of the batch; the first message comes whatever its size.")),
  visibilitySeconds: visibilitySeconds.check(z.describe("How long nobody else gets them.")),
  waitSeconds: z
    ._default(z.int().check(z.minimum(0), z.maximum(waitSecondsMax)), 0)
    .check(z.describe("If there is nothing, how long to wait for something.")),
});

const handedOut = z.extend(shownMessage, {
  handle: z.string().check(z.describe("Names this message of this pull, to acknowledge or return it.")),
  queuedAtMs: z.nullable(z.number()),
  deliveries: z.number().check(z.describe("How often it was handed out over HTTP, this time included.")),
  redelivered: z.boolean().check(z.describe("It was, or may have been, handed to somebody before.")),
  subscriptionIdentifiers: z.array(z.number()),
});

const batch = z.object({
  messages: z.array(handedOut),
  leasedUntilMs: z.nullable(z.number()),
  depth: z.number().check(z.describe("Messages in the queue: waiting, on their way, or leased.")),
});

const handle = z.string().check(z.regex(/^[0-9a-z]{1,11}-[0-9a-z]{1,11}-[0-9a-z]{1,11}$/));
const handles = z.array(handle).check(z.minLength(1), z.maxLength(1000));

const settled = z.object({
  results: z.array(
    z.object({
      handle: z.string(),
      status: z
        .enum(["done", "lost"])
        .check(z.describe("lost: the lease has ended and another has the message, or the session is another.")),
    }),
  ),
});

const base = 36;

function formatHandle({ generation, lease, position }: Handle): string {
  return [generation, lease, position].map((part) => part.toString(base)).join("-");
}

function parseHandle(text: string): Handle {
  const [generation = 0, lease = 0, position = 0] = text.split("-").map((part) => Number.parseInt(part, base));
  return { generation, lease, position };
}

async function pull(env: Env, clientId: string, body: z.output<typeof pullBody>): Promise<z.output<typeof batch>> {
  const { messagesMax, bytesMax } = body;
  const request: PullRequest = { kind: "pull", messagesMax, bytesMax, visibilityMs: body.visibilitySeconds * 1000 };
  const endsAtMs = Date.now() + body.waitSeconds * 1000;
  for (let attempt = 1; ; attempt++) {
    const answer = await callSession({ env, clientId, request, hopes: "pulled" });
    const leftMs = Math.min(endsAtMs, answer.nextVisibleAtMs ?? endsAtMs) - Date.now();
    if (answer.messages.length > 0 || Date.now() >= endsAtMs || attempt >= attemptsMax) return showBatch(answer);
    if (!(await news(env, clientId, Math.max(1, leftMs)))) return showBatch(answer);
  }
}

function showBatch({
  messages,
  generation,
  lease,
  untilMs,
  depth,
}: Awaited<ReturnType<typeof callSession<"pulled">>>): z.output<typeof batch> {
  return {
    messages: messages.map(({ position, identifiers, queuedAtMs, deliveries, redelivered, ...message }) => ({
      ...show(message),
      handle: formatHandle({ generation, lease, position }),
      queuedAtMs: queuedAtMs || null,
      deliveries,
      redelivered,
      subscriptionIdentifiers: [...identifiers],
    })),
    leasedUntilMs: messages.length === 0 ? null : untilMs,
    depth,
  };
}

const settledMeans =
  "Each handle for itself: what is lost is lost, and the rest is done. To ask again does no harm; of what was returned it is answered `lost`, since the lease is over.";

interface Settling {
  readonly verb: string;
  readonly action: SettleRequest["action"];
  readonly summary: string;
  readonly description: string;
}

/** `time`: in how many seconds the messages are visible again. */
function settleRoute({ verb, action, summary, description }: Settling, time?: z.ZodMiniType<number>): Route {
  return route({
    method: "POST",
    path: `/sessions/{clientId}/${verb}`,
    scope: "consume",
    tag,
    summary,
    description: `${description} ${settledMeans}`,
    params: changeablePath,
    query: none,
    body: z.strictObject({ handles, ...(time === undefined ? {} : { seconds: time }) }),
    answers: { status: 200, description: "What became of each.", schema: settled },
    async handle({ env, path: { clientId }, body }) {
      const visibleInMs = ("seconds" in body ? (body.seconds as number) : 0) * 1000;
      const request: SettleRequest = { kind: "settle", handles: body.handles.map(parseHandle), action, visibleInMs };
      const { statuses } = await callSession({ env, clientId, request, hopes: "settled" });
      const results = body.handles.map((text, index) => ({ handle: text, status: statuses[index] }));
      return { status: 200, body: { results } };
    },
  });
}

export const consumerRoutes = [
  route({
    method: "POST",
    path: "/sessions/{clientId}/pull",
    scope: "consume",
    tag,
    summary: "Pull a batch of messages from a session's queue",
    description:
      "They are leased to the caller: nobody else gets them before the lease ends, and they come again after it unless they are acknowledged. Several " +
      "workers may pull at once. While an MQTT client is connected to the session this is answered 409; a client that connects later is sent what is not " +
      "leased, and the rest when its lease ends or it is returned.",
    params: changeablePath,
    query: none,
    body: pullBody,
    answers: { status: 200, description: "The messages, the oldest first; none if there are none.", schema: batch },
    async handle({ env, path: { clientId }, body }) {
      return { status: 200, body: await pull(env, clientId, body) };
    },
  }),
  settleRoute({
    verb: "acknowledge",
    action: "acknowledge",
    summary: "Acknowledge messages that were handled",
    description: "They never come again.",
  }),
  settleRoute(
    {
      verb: "return",
      action: "return",
      summary: "Return messages that were not handled",
      description: "They are visible again, at once or in `seconds`.",
    },
    z._default(z.int().check(z.minimum(0), z.maximum(daySeconds)), 0),
  ),
  settleRoute(
    {
      verb: "extend",
      action: "extend",
      summary: "Keep messages for longer",
      description: "Their lease ends in `seconds` from now.",
    },
    z._default(z.int().check(z.minimum(1), z.maximum(daySeconds)), 30),
  ),
];
