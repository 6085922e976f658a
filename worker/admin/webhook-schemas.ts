// Webhooks as the HTTP API takes and shows them.

import * as z from "zod/mini";
import { eventTopicPrefix, eventTypes } from "../../src/directory/event-types.ts";
import type { DeadLetter } from "../../src/session/dead-letters.ts";
import { isShared } from "../../src/topic/share.ts";
import type { Config } from "../config.ts";
import type { StoredWebhook, WebhookSettings } from "../d1/webhooks.ts";
import type { Env } from "../env.ts";
import { addressProblem } from "../webhook/address.ts";
import { queueOf } from "../webhook/queue.ts";
import { invalid, invalidInput } from "./problem.ts";
import { changedComment } from "./schemas.ts";
import { checkFilters } from "./subscription-schemas.ts";

export const webhookName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "up to 64 letters, digits, - and _"));

export const webhookPath = z.strictObject({ name: webhookName });

const filters = z.array(z.string().check(z.minLength(1), z.maxLength(65_535))).check(z.maxLength(20));
const events = z.array(z.enum(eventTypes)).check(z.maxLength(eventTypes.length));

function whole(min: number, max: number, description: string) {
  return z.optional(z.int().check(z.minimum(min), z.maximum(max), z.describe(description)));
}

export const webhookFields = {
  url: z.optional(
    z
      .string()
      .check(
        z.maxLength(2_048),
        z.regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?([/?]\S*)?$/, "an address"),
        z.describe("Of the endpoint that gets them by POST; https. This or `queue`."),
      ),
  ),
  queue: z.optional(
    z
      .string()
      .check(
        z.regex(/^[A-Z][A-Z0-9_]{0,63}$/, "the name of a binding"),
        z.describe("A producer binding of this deployment, for a queue of the platform."),
      ),
  ),
  filters: z.optional(filters.check(z.describe("Messages to topics that match any of these."))),
  events: z.optional(events.check(z.describe("What happens to clients, sessions and messages."))),
  retained: z.optional(
    z.boolean().check(z.describe("Whether a new filter begins with the messages that are retained; false.")),
  ),
  timeoutSeconds: whole(1, 30, "What is not answered by then is tried again; 10."),
  batchMessagesMax: whole(1, 1_000, "Items of one request; 100."),
  batchBytesMax: whole(1_024, 1_048_576, "Bytes of messages of one request, unless it is a single one; 262,144."),
  lingerMs: whole(0, 60_000, "How long a message may wait for others; 200."),
  attemptsMax: whole(1, 100, "After so many a batch becomes a dead letter; 12, which is more than an hour."),
  queueMessagesMax: whole(1, 10_000_000, "What is kept for the endpoint; beyond it the oldest are dropped; 100,000."),
  queueBytesMax: whole(1_024, 5_000_000_000, "The same in bytes; 268,435,456."),
  comment: changedComment,
};

type Fields = z.output<z.ZodMiniObject<typeof webhookFields>>;

const defaults: WebhookSettings = {
  retained: false,
  timeoutSeconds: 10,
  batchMessagesMax: 100,
  batchBytesMax: 262_144,
  lingerMs: 200,
  attemptsMax: 12,
  queueMessagesMax: 100_000,
  queueBytesMax: 268_435_456,
};

const settingNames = Object.keys(defaults) as (keyof WebhookSettings)[];

export const shownWebhook = z.object({
  name: z.string(),
  url: z.nullable(z.string()),
  queue: z.nullable(z.string()),
  filters,
  events,
  retained: z.boolean(),
  timeoutSeconds: z.number(),
  batchMessagesMax: z.number(),
  batchBytesMax: z.number(),
  lingerMs: z.number(),
  attemptsMax: z.number(),
  queueMessagesMax: z.number(),
  queueBytesMax: z.number(),
  isPaused: z.boolean(),
  formerSecretUntilMs: z.nullable(z.number()).check(z.describe("Until when the secret before this one signs as well.")),
  comment: z.string(),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});

/** Never a secret. */
export function showWebhook({
  secret: _secret,
  formerSecret: _former,
  formerUntilMs,
  settings,
  ...rest
}: StoredWebhook): z.output<typeof shownWebhook> {
  return {
    ...rest,
    ...settings,
    filters: [...rest.filters],
    events: [...rest.events],
    formerSecretUntilMs: formerUntilMs ?? null,
  };
}

export const withSecret = z.extend(shownWebhook, {
  secret: z.string().check(z.describe("Signs what is sent, as Standard Webhooks says. Shown this once.")),
});

/** What of the webhook the fields change; what is not named stays. */
export function merged(before: StoredWebhook, fields: Fields, nowMs: number): StoredWebhook {
  const given = settingNames.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]);
  return {
    ...before,
    // The one replaces the other.
    url: fields.url ?? (fields.queue === undefined ? before.url : null),
    queue: fields.queue ?? (fields.url === undefined ? before.queue : null),
    filters: fields.filters === undefined ? before.filters : [...new Set(fields.filters)],
    events: fields.events === undefined ? before.events : [...new Set(fields.events)],
    settings: { ...before.settings, ...Object.fromEntries(given) },
    comment: fields.comment ?? before.comment,
    changedAtMs: nowMs,
  };
}

export function newWebhook(name: string, secret: string, nowMs: number): StoredWebhook {
  return {
    name,
    url: null,
    queue: null,
    filters: [],
    events: [],
    settings: defaults,
    isPaused: false,
    secret,
    formerSecret: undefined,
    formerUntilMs: undefined,
    comment: "",
    createdAtMs: nowMs,
    changedAtMs: nowMs,
  };
}

/** Throws what is wrong with it. */
export function checkWebhook(
  { url, queue, filters: list, events: types }: StoredWebhook,
  env: Env,
  config: Config,
): void {
  if ((url === null) === (queue === null)) throw invalid("body.url", "name an address, or a queue, and not both");
  if (list.length === 0 && types.length === 0) throw invalid("body.filters", "name a filter, or an event in `events`");
  checkFilters(list, (index) => `body.filters.${index}`, config);
  const reserved = list.findIndex((filter) => isShared(filter) || filter.startsWith(eventTopicPrefix));
  if (reserved >= 0) {
    throw invalidInput([{ path: `body.filters.${reserved}`, message: "neither shared subscriptions nor $event/" }]);
  }
  const problem = url === null ? undefined : addressProblem(url, config.webhookLoopback);
  if (problem !== undefined) throw invalid("body.url", problem);
  if (queue !== null && queueOf(env, queue) === undefined) {
    throw invalid("body.queue", "the deployment has no queue of this name: see docs/webhooks.md");
  }
}

const failure = z.object({
  atMs: z.number(),
  reason: z.string(),
  detail: z.string(),
  status: z.nullable(z.number()).check(z.describe("Of HTTP; null: there was no answer.")),
});

export const shownStatus = z.object({
  isPaused: z.boolean(),
  isSending: z.boolean(),
  queueMessages: z.number().check(z.describe("Messages and events that wait.")),
  queueBytes: z.number(),
  oldestQueuedAtMs: z.nullable(z.number()),
  attempts: z.number().check(z.describe("Of the batch that is under way; 0: none is.")),
  failuresInARow: z.number(),
  nextAttemptAtMs: z.nullable(z.number()),
  lastSuccessAtMs: z.nullable(z.number()),
  lastFailure: z.nullable(failure),
  delivered: z.object({ batches: z.number(), items: z.number() }),
  failedAttempts: z.number(),
  drops: z.record(z.string(), z.number()),
  deadLetters: z.object({ batches: z.number(), bytes: z.number(), itemsEver: z.number() }),
});

export const shownLetter = z.object({
  id: z.string().check(z.describe("Names it in paths.")),
  batch: z.string().check(z.describe("The `webhook-id` that it was sent with, and is sent with again.")),
  atMs: z.number(),
  attempts: z.number(),
  items: z.number(),
  failure,
  isSentAgain: z.boolean().check(z.describe("It is about to be.")),
});

export function showFailure({ status, ...rest }: DeadLetter["failure"]): z.output<typeof failure> {
  return { ...rest, status: status || null };
}

export function showLetter({ position, id, atMs, attempts, count, failure: why, isSentAgain }: DeadLetter) {
  return { id: `${position}`, batch: id, atMs, attempts, items: count, failure: showFailure(why), isSentAgain };
}
