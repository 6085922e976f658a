// Retained messages: listed and cleared by filter; read, set and taken away by topic.

import * as z from "zod/mini";
import { RecordReader } from "../../src/queue/record.ts";
import { topicKey } from "../../src/topic/key.ts";
import { topicFilterProblem } from "../../src/topic/name.ts";
import { shardsOf } from "../../src/topic/shards.ts";
import type { RetainedAnswer, RetainedQuery } from "../calls.ts";
import { configOf } from "../config.ts";
import type { Env } from "../env.ts";
import { publishAll, unknownPublisher } from "../publisher.ts";
import { withRetries } from "../retry.ts";
import { shardStub } from "../stubs.ts";
import { change } from "./change.ts";
import { messageContent, placed, show, shownMessage, topicName } from "./messages.ts";
import { namedMax } from "./note.ts";
import { invalid, notFound, ProblemError } from "./problem.ts";
import { faultError, refusalOf, unreachable } from "./publish.ts";
import { route } from "./route.ts";
import { none, page, pageSchema } from "./schemas.ts";
import { pageOverShards, type ShardPage } from "./shard-pages.ts";

const tag = "Retained messages";

export const filter = z.string().check(
  z.minLength(1),
  z.maxLength(65_535),
  z.refine((text) => topicFilterProblem(text) === undefined, "is not a topic filter"),
  z.describe("A topic filter, as for SUBSCRIBE; `#` does not match topics that begin with `$`."),
);

const params = z.strictObject({ topic: topicName });

type Shown = z.output<typeof shownMessage>;
type Method = "listRetained" | "clearRetained";

/** Shards that a list asks at once. What is cleared is gone, so there only as many as are needed. */
const listWidth = 6;
const clearWidth = 1;

async function askShard(env: Env, method: Method, shard: number, query: RetainedQuery): Promise<RetainedAnswer> {
  try {
    return await withRetries(async () => shardStub(env, shard)[method](query));
  } catch (error) {
    console.error(JSON.stringify({ event: "shard-unreachable", shard, error: `${error}` }));
    throw new ProblemError({ ...unreachable, remedy: "Try again." });
  }
}

async function shardPage(env: Env, method: Method, shard: number, query: RetainedQuery): Promise<ShardPage<Shown>> {
  const { body, after } = await askShard(env, method, shard, query);
  const items: { key: string; item: Shown }[] = [];
  for (const reader = new RecordReader(body); reader.next(); ) {
    items.push({ key: topicKey(reader.topic), item: show(reader) });
  }
  return { items, after };
}

function pageOf(env: Env, method: Method, query: { filter: string; after: string; limit: number }) {
  const { topicShardDepth, topicShards } = configOf(env);
  return pageOverShards({
    shards: shardsOf(query.filter, topicShardDepth, topicShards),
    after: query.after,
    limit: query.limit,
    width: method === "listRetained" ? listWidth : clearWidth,
    ask: (shard, after, limit) => shardPage(env, method, shard, { filter: query.filter, after, limit }),
  });
}

async function oneOf(env: Env, method: Method, topic: string): Promise<Shown> {
  const { items } = await pageOf(env, method, { filter: topic, after: "", limit: 1 });
  const [message] = items;
  if (message === undefined) throw notFound(`retained message of the topic ${JSON.stringify(topic)}`);
  return message;
}

/** As the audit log has it: not what it said. */
function inShort({ topic, qos, payloadBytes, expiresAtMs }: Shown) {
  return { topic: topic.slice(0, topicCharactersMax), qos, payloadBytes, expiresAtMs };
}

function bySize(items: readonly Shown[]): Shown[] {
  return items.toSorted((left, right) => right.payloadBytes - left.payloadBytes);
}

const topicCharactersMax = 1024;

export const retainedRoutes = [
  route({
    method: "GET",
    path: "/retained",
    scope: "read",
    tag,
    summary: "List retained messages",
    description:
      "In an order that does not change: by shard, then by topic. A page may be short, even empty; the last one has no `next`.",
    params: none,
    query: z.extend(page, { filter: z._default(filter, "#") }),
    answers: { status: 200, description: "Retained messages.", schema: pageSchema(shownMessage) },
    async handle({ env, query }) {
      return { status: 200, body: await pageOf(env, "listRetained", query) };
    },
  }),
  route({
    method: "DELETE",
    path: "/retained",
    scope: "operate",
    tag,
    summary: "Take retained messages away",
    description:
      "At most `limit` in one call: repeat it until there is no `next`, which is `after` of the next call. Subscribers hear nothing of it.",
    params: none,
    query: z.extend(page, { filter }),
    answers: {
      status: 200,
      description: "How many are gone.",
      schema: z.object({ deleted: z.int(), next: z.nullable(z.string()) }),
    },
    async handle(call) {
      const { env, query } = call;
      const { items, next } = await pageOf(env, "clearRetained", query);
      if (items.length > 0) {
        const before = { messages: items.length, largest: bySize(items).slice(0, namedMax).map(inShort) };
        await change(call, { restsOn: [], statements: [], action: "retained.clear", subject: query.filter, before });
      }
      return { status: 200, body: { deleted: items.length, next } };
    },
  }),
  route({
    method: "GET",
    path: "/retained/{topic}",
    scope: "read",
    tag,
    summary: "Read a topic's retained message",
    description: "The topic is percent-encoded, its slashes too.",
    params,
    query: none,
    answers: { status: 200, description: "The message.", schema: shownMessage },
    async handle({ env, path }) {
      return { status: 200, body: await oneOf(env, "listRetained", path.topic) };
    },
  }),
  route({
    method: "PUT",
    path: "/retained/{topic}",
    scope: "publish",
    tag,
    summary: "Set a topic's retained message",
    description:
      "Publishes the message with RETAIN, so subscribers get it. Where there is no room to keep it the answer is 429, and subscribers have had it.",
    params,
    query: none,
    body: z.strictObject(messageContent),
    bodyBytesMax: 3 * 1024 * 1024,
    answers: { status: 204, description: "It is retained." },
    async handle({ env, path, body, nowMs }) {
      if (body.payload === "") throw invalid("body.payload", "is empty: to take the message away, use DELETE");
      const message = placed({ ...body, topic: path.topic, retain: true }, configOf(env));
      if ("path" in message) throw faultError([{ ...message, path: `body.${message.path}` }]);
      if (message.packet.topic.startsWith("$delayed/")) throw invalid("path.topic", "is a delay, and not retained now");
      const [outcome] = await publishAll(env, unknownPublisher(), [message], nowMs);
      if (outcome === undefined || outcome === "unreachable") throw new ProblemError(unreachable);
      const { refused = undefined, unretained = false } = outcome === "unknown" ? {} : outcome;
      if (unretained) throw new ProblemError(retainedFull);
      if (refused !== undefined) throw new ProblemError({ status: 429, name: refused, ...refusalOf(refused) });
      return { status: 204 };
    },
  }),
  route({
    method: "DELETE",
    path: "/retained/{topic}",
    scope: "operate",
    tag,
    summary: "Take a topic's retained message away",
    description: "Subscribers hear nothing of it.",
    params,
    query: none,
    answers: { status: 204, description: "It is gone." },
    async handle(call) {
      const { topic } = call.path;
      const before = inShort(await oneOf(call.env, "clearRetained", topic));
      await change(call, { restsOn: [], statements: [], action: "retained.delete", subject: topic, before });
      return { status: 204 };
    },
  }),
];

const retainedFull = {
  status: 429,
  name: "retained-full",
  title: "There is no room to retain another message.",
  remedy: "Take others away, or raise RETAINED_MESSAGES_MAX or RETAINED_BYTES_MAX. Subscribers have had this one.",
};
