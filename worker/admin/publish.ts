// Publishing over HTTP: the answer is what PUBACK is to a client.

import * as z from "zod/mini";
import { configOf } from "../config.ts";
import { counters } from "../counters.ts";
import {
  type PlacedMessage,
  type Publisher,
  publishAll,
  type Result,
  rememberedPublisher,
  unknownPublisher,
} from "../publisher.ts";
import { type Fault, type NewMessage, newMessage, placed } from "./messages.ts";
import { invalidInput, type Problem, ProblemError } from "./problem.ts";
import { type Call, route } from "./route.ts";
import { none } from "./schemas.ts";

const tag = "Publish";
const messagesMax = 10_000;
const bulkBytesMax = 16 * 1024 * 1024;
/** A message of the largest size, in base64, and what is around it. */
const oneBytesMax = 3 * 1024 * 1024;

const headers = z.object({
  "Idempotency-Key": z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.maxLength(255),
        z.describe(
          "Names the request: the same request of the same caller under the same key publishes nothing twice, for 24 hours.",
        ),
      ),
  ),
});

const reached = z
  .nullable(z.int())
  .check(
    z.describe(
      "Sessions that took it over or are owed it, and groups of a shared subscription; null if it is not known.",
    ),
  );
const retained = z
  .boolean()
  .check(z.describe("False for a message that was to be retained, if there is no room for it."));

const published = z.object({ reached, retained });

const result = z.object({
  status: z.enum(["published", "refused", "failed"]),
  reached: z.optional(reached),
  retained: z.optional(retained),
  reason: z.optional(z.string()),
  remedy: z.optional(z.string()),
});

type Caller = Pick<Call<unknown, unknown, unknown>, "env" | "caller" | "nowMs" | "headers">;
type KeyedCaller = Omit<Caller, "headers"> & { readonly headers: z.output<typeof headers> };

const refusals: Readonly<Record<string, Pick<Problem, "title" | "remedy">>> = {
  "queue-full": {
    title: "A subscriber's queue is full.",
    remedy: "Publish it again later: see which session is behind, and let it expire or raise its limits.",
  },
  "delayed-full": {
    title: "There is no room for another delayed message.",
    remedy: "Publish it later, or raise DELAYED_MESSAGES_MAX or DELAYED_BYTES_MAX.",
  },
  "group-full": {
    title: "A group of a shared subscription has no room for another message.",
    remedy: "Publish it again later, when the members have worked some off.",
  },
};

export const unreachable: Problem = {
  status: 503,
  name: "shard-unreachable",
  title: "The topic's shard does not answer.",
  remedy: "It is not known whether the message was published. Send it again, under the same Idempotency-Key.",
};

export const publishRoutes = [
  route({
    method: "POST",
    path: "/publish",
    scope: "publish",
    tag,
    summary: "Publish a message",
    description:
      "Answers when the message is durable wherever it is owed to somebody. A message that one subscriber has no room for is refused, " +
      "though others may have it: with a key that may publish, no access rule is asked.",
    params: none,
    query: none,
    headers,
    body: newMessage,
    bodyBytesMax: oneBytesMax,
    answers: { status: 200, description: "It is published.", schema: published },
    async handle(call) {
      const [outcome] = await publishMessages(call, [call.body], (_index, path) => `body.${path}`);
      if (outcome === undefined || outcome === "unreachable") throw new ProblemError(unreachable);
      if (outcome !== "unknown" && outcome.refused !== undefined) {
        throw new ProblemError({ status: 429, name: outcome.refused, ...refusalOf(outcome.refused) });
      }
      return { status: 200, body: publishedOf(call.body, outcome) };
    },
  }),
  route({
    method: "POST",
    path: "/publish/bulk",
    scope: "publish",
    tag,
    summary: "Publish many messages",
    description:
      `At most ${messagesMax} messages and ${bulkBytesMax} bytes. If one of them cannot be a message, nothing is published. Messages to one topic ` +
      "are published in their order. Sent again under its Idempotency-Key, what was refused or failed is tried again, and the rest is not.",
    params: none,
    query: none,
    headers,
    body: z.array(newMessage).check(z.minLength(1), z.maxLength(messagesMax)),
    takesLines: true,
    bodyBytesMax: bulkBytesMax,
    answers: {
      status: 200,
      description: "What became of each message, in their order.",
      schema: z.object({
        published: z.int(),
        refused: z.int(),
        failed: z.int(),
        results: z.array(result),
      }),
    },
    async handle(call) {
      const outcomes = await publishMessages(call, call.body, (index, path) => `body.${index}.${path}`);
      const results = outcomes.map((outcome, index) => resultOf(call.body[index] as NewMessage, outcome));
      const count = (status: string) => results.filter((one) => one.status === status).length;
      const counts = { published: count("published"), refused: count("refused"), failed: count("failed") };
      return { status: 200, body: { ...counts, results } };
    },
  }),
];

async function publishMessages(
  call: KeyedCaller,
  messages: readonly NewMessage[],
  pathOf: (index: number, path: string) => string,
): Promise<Result[]> {
  const config = configOf(call.env);
  const all = messages.map((message) => placed(message, config));
  const faults = all.flatMap((one, index) => ("path" in one ? [{ ...one, path: pathOf(index, one.path) }] : []));
  if (faults.length > 0) throw faultError(faults);
  counters.add("messages_over_http", messages.length);
  return publishAll(call.env, publisherOf(call, messages), all as readonly PlacedMessage[], call.nowMs);
}

function publisherOf(
  { caller, headers: { "Idempotency-Key": key } }: KeyedCaller,
  messages: readonly NewMessage[],
): Publisher {
  if (key !== undefined) return rememberedPublisher([caller.name, key, JSON.stringify(messages)]);
  return unknownPublisher(messages);
}

export function faultError(faults: readonly Fault[]): ProblemError {
  if (!faults.every(({ isTooLarge }) => isTooLarge))
    return invalidInput(faults.map(({ path, message }) => ({ path, message })));
  return new ProblemError({
    status: 413,
    name: "message-too-large",
    title: "A message is larger than the broker takes.",
    remedy: "Send less in one message, or raise MAXIMUM_PACKET_BYTES.",
    errors: faults.map(({ path, message }) => ({ path, message })),
  });
}

export function refusalOf(reason: string): Pick<Problem, "title" | "remedy"> {
  return refusals[reason] ?? { title: `Refused: ${reason}.`, remedy: "Publish it again later." };
}

function publishedOf(message: NewMessage, outcome: Exclude<Result, "unreachable">): z.output<typeof published> {
  if (outcome === "unknown") return { reached: null, retained: message.retain };
  return { reached: outcome.reached, retained: message.retain && outcome.unretained !== true };
}

function resultOf(message: NewMessage, outcome: Result): z.output<typeof result> {
  if (outcome === "unreachable") return { status: "failed", reason: unreachable.name, remedy: unreachable.remedy };
  if (outcome === "unknown" || outcome.refused === undefined) {
    return { status: "published", ...publishedOf(message, outcome) };
  }
  return { status: "refused", reason: outcome.refused, remedy: refusalOf(outcome.refused).remedy };
}
