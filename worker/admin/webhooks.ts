// Webhooks: where messages and events are sent over HTTP or into a queue of the platform.

import * as z from "zod/mini";
import { newId } from "../auth/secret.ts";
import { configOf } from "../config.ts";
import type { Control } from "../d1/control.ts";
import { findOne, type Seen } from "../d1/seen.ts";
import { cellsOf, put as putRows } from "../d1/shape.ts";
import { deleteWebhook, type StoredWebhook, webhookShape, webhooksAfter } from "../d1/webhooks.ts";
import { webhookClientId } from "../names.ts";
import { eventBook } from "../webhook/book.ts";
import { carry } from "../webhook/carry.ts";
import { newSigningSecret } from "../webhook/secret.ts";
import { change } from "./change.ts";
import { problemOf } from "./errors.ts";
import { type Existing, existing } from "./existing.ts";
import { conflict, notFound, ProblemError } from "./problem.ts";
import { type Call, route } from "./route.ts";
import { none, page, pageOf, pageSchema } from "./schemas.ts";
import { callSession } from "./session-call.ts";
import {
  checkWebhook,
  merged,
  newWebhook,
  showFailure,
  shownStatus,
  shownWebhook,
  showWebhook,
  webhookFields,
  webhookName,
  webhookPath,
  withSecret,
} from "./webhook-schemas.ts";
import { applyWebhook, endWebhook, targetOf } from "./webhook-session.ts";

const tag = "Webhooks";
/** Each that wants events is told of all of them. */
export const webhooksMax = 50;
const formerSecretMs = 24 * 3_600_000;

type Caller = Pick<Call<unknown, unknown, unknown>, "env" | "control" | "caller" | "nowMs">;

function existingWebhook(control: Control, name: string): Promise<Existing<StoredWebhook>> {
  return existing(control, webhookShape, [name], nameOf(name));
}

/** Stored, written down, and then made true. */
async function put(
  call: Caller,
  action: string,
  webhook: StoredWebhook,
  { item: before, seen }: { readonly item: StoredWebhook | undefined; readonly seen: Seen },
): Promise<void> {
  const { env, control } = call;
  checkWebhook(webhook, env, configOf(env));
  const revision = await change(call, {
    restsOn: [seen],
    statements: putRows(control, webhookShape, [webhook]),
    action: `webhook.${action}`,
    subject: webhook.name,
    ...(before === undefined ? {} : { before: showWebhook(before) }),
    after: showWebhook(webhook),
  });
  eventBook(env).outdate(revision);
  await madeTrue(() => applyNewest(call, webhook, revision));
}

const tryAgain = "Make it again, or PATCH the webhook with an empty body.";
/** Each time somebody else has changed it meanwhile, and applies it, too. */
const applicationsMax = 10;

/** Who has changed it since, or ended it, may have been here before: what counts is the row. */
async function applyNewest({ env, control }: Caller, webhook: StoredWebhook, revision: number): Promise<void> {
  const textOf = (one: StoredWebhook) => JSON.stringify(cellsOf(webhookShape, one));
  let applied = webhook;
  for (let application = 1; application <= applicationsMax; application++) {
    await applyWebhook(env, applied, revision);
    const { item: newest } = await findOne(control, webhookShape, webhook.name);
    if (newest === undefined) {
      await endWebhook(env, webhook.name);
      throw notFound(nameOf(webhook.name));
    }
    if (textOf(newest) === textOf(applied)) return;
    applied = newest;
  }
  throw new ProblemError({ status: 503, name: "changing", title: "Others keep changing it.", remedy: tryAgain });
}

function nameOf(name: string): string {
  return `webhook ${JSON.stringify(name)}`;
}

async function madeTrue(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    const problem = problemOf(error);
    if (problem?.status !== 503) throw error;
    throw new ProblemError({
      status: 503,
      name: "webhook-unreachable",
      title: "The change is stored, but does not hold everywhere yet.",
      detail: problem.title,
      remedy: tryAgain,
    });
  }
}

export const webhookRoutes = [
  route({
    method: "GET",
    path: "/webhooks",
    scope: "read",
    tag,
    summary: "List webhooks",
    params: none,
    query: page,
    answers: { status: 200, description: "Webhooks by name, without their secrets.", schema: pageSchema(shownWebhook) },
    async handle({ control, query }) {
      const webhooks = await webhooksAfter(control, query.after, query.limit);
      return { status: 200, body: pageOf(webhooks.map(showWebhook), query.limit, ({ name }) => name) };
    },
  }),
  route({
    method: "POST",
    path: "/webhooks",
    scope: "admin",
    tag,
    summary: "Create a webhook",
    description:
      "Messages and events are kept for it from the moment this is answered, and sent in batches, one at a time and in order, until the endpoint answers 2xx. " +
      "`secret` is shown this once: what is sent is signed with it.",
    params: none,
    query: none,
    body: z.strictObject({ name: webhookName, ...webhookFields }),
    answers: { status: 201, description: "The webhook, with its secret.", schema: withSecret },
    async handle(call) {
      const { control, nowMs } = call;
      const { name, ...fields } = call.body;
      const known = await findOne(control, webhookShape, name);
      if (known.item !== undefined) {
        throw conflict(`There is a webhook ${JSON.stringify(name)}.`, "Change it with PATCH, or choose another name.");
      }
      if ((await webhooksAfter(control, "", webhooksMax)).length >= webhooksMax) {
        throw conflict(`There are ${webhooksMax} webhooks.`, "Delete one that nobody needs.");
      }
      const webhook = merged(newWebhook(name, newSigningSecret(), nowMs), fields, nowMs);
      await put(call, "create", webhook, known);
      return { status: 201, body: { ...showWebhook(webhook), secret: webhook.secret } };
    },
  }),
  route({
    method: "GET",
    path: "/webhooks/{name}",
    scope: "read",
    tag,
    summary: "Read a webhook",
    params: webhookPath,
    query: none,
    answers: { status: 200, description: "The webhook, without its secret.", schema: shownWebhook },
    async handle({ control, path }) {
      return { status: 200, body: showWebhook((await existingWebhook(control, path.name)).item) };
    },
  }),
  route({
    method: "PATCH",
    path: "/webhooks/{name}",
    scope: "admin",
    tag,
    summary: "Change a webhook",
    description: "What waits is sent as it then says, and at once if it had failed before.",
    params: webhookPath,
    query: none,
    body: z.strictObject(webhookFields),
    answers: { status: 200, description: "The webhook as it is now.", schema: shownWebhook },
    async handle(call) {
      const known = await existingWebhook(call.control, call.path.name);
      const after = merged(known.item, call.body, call.nowMs);
      await put(call, "change", after, known);
      return { status: 200, body: showWebhook(after) };
    },
  }),
  route({
    method: "DELETE",
    path: "/webhooks/{name}",
    scope: "admin",
    tag,
    summary: "Delete a webhook, with what waits for it and its dead letters",
    params: webhookPath,
    query: none,
    answers: { status: 204, description: "The webhook is gone." },
    async handle(call) {
      const { env, control, path } = call;
      const { item: before, seen } = await findOne(control, webhookShape, path.name);
      // The session first: what fails then can be asked for again. Also without a row: of one whose end has failed below.
      await madeTrue(() => endWebhook(env, path.name));
      if (before === undefined) throw notFound(nameOf(path.name));
      const revision = await change(call, {
        restsOn: [seen],
        statements: [deleteWebhook(control, path.name)],
        action: "webhook.delete",
        subject: path.name,
        before: showWebhook(before),
      });
      eventBook(env).outdate(revision);
      // Once more: who was applying a change as it was ended above may have made it again, and found the row still there.
      await madeTrue(() => endWebhook(env, path.name));
      return { status: 204 };
    },
  }),
  ...(["pause", "resume"] as const).map((verb) =>
    route({
      method: "POST",
      path: `/webhooks/{name}/${verb}`,
      scope: "operate",
      tag,
      summary: verb === "pause" ? "Pause a webhook" : "Resume a webhook",
      description:
        verb === "pause"
          ? "Nothing more is sent; what comes is kept, as far as its limits allow."
          : "What waits is sent, at once.",
      params: webhookPath,
      query: none,
      answers: { status: 200, description: "The webhook as it is now.", schema: shownWebhook },
      async handle(call) {
        const known = await existingWebhook(call.control, call.path.name);
        const after = { ...known.item, isPaused: verb === "pause", changedAtMs: call.nowMs };
        await put(call, verb, after, known);
        return { status: 200, body: showWebhook(after) };
      },
    }),
  ),
  route({
    method: "POST",
    path: "/webhooks/{name}/secret",
    scope: "admin",
    tag,
    summary: "Renew a webhook's secret",
    description:
      "For a day both sign, so that the endpoint can take the new one when it suits. The one before those signs no more.",
    params: webhookPath,
    query: none,
    answers: { status: 200, description: "The webhook, with its new secret.", schema: withSecret },
    async handle(call) {
      const known = await existingWebhook(call.control, call.path.name);
      const after = {
        ...known.item,
        secret: newSigningSecret(),
        formerSecret: known.item.secret,
        formerUntilMs: call.nowMs + formerSecretMs,
        changedAtMs: call.nowMs,
      };
      await put(call, "renew-secret", after, known);
      return { status: 200, body: { ...showWebhook(after), secret: after.secret } };
    },
  }),
  route({
    method: "POST",
    path: "/webhooks/{name}/test",
    scope: "operate",
    tag,
    summary: "Send a test to a webhook",
    description: "A batch with one item of the type `test`, once, ahead of what waits, also while it is paused.",
    params: webhookPath,
    query: none,
    answers: {
      status: 200,
      description: "What came of it.",
      schema: z.object({
        isDelivered: z.boolean(),
        reason: z.nullable(z.string()),
        detail: z.nullable(z.string()),
        status: z.nullable(z.number()),
        tookMs: z.number(),
      }),
    },
    async handle({ env, control, path, nowMs }) {
      const { item: webhook } = await existingWebhook(control, path.name);
      const id = `${webhook.name}-test-${newId(nowMs)}`;
      const items = [{ id, type: "test", atMs: nowMs, data: { message: "This is a test." } }];
      const outcome = await carry(env, { webhook: webhook.name, batch: id, items }, targetOf(webhook), nowMs);
      const tookMs = Date.now() - nowMs;
      if (outcome.isDelivered) {
        return { status: 200, body: { isDelivered: true, reason: null, detail: null, status: null, tookMs } };
      }
      const { reason, detail, status } = outcome;
      return { status: 200, body: { isDelivered: false, reason, detail, status: status || null, tookMs } };
    },
  }),
  route({
    method: "GET",
    path: "/webhooks/{name}/status",
    scope: "read",
    tag,
    summary: "See how a webhook is doing",
    params: webhookPath,
    query: none,
    answers: { status: 200, description: "What waits, what was sent, what failed.", schema: shownStatus },
    async handle({ env, control, path }) {
      await existingWebhook(control, path.name);
      const clientId = webhookClientId(path.name);
      const answer = await callSession({ env, clientId, request: { kind: "sink" }, hopes: "sink" });
      const { settings, progress, isBusy, deadLetters } = answer;
      const body: z.output<typeof shownStatus> = {
        isPaused: settings.isPaused,
        isSending: isBusy,
        queueMessages: answer.queueMessages,
        queueBytes: answer.queueBytes,
        oldestQueuedAtMs: answer.oldestQueuedAtMs || null,
        attempts: progress.batch?.attempts ?? 0,
        failuresInARow: progress.failures,
        nextAttemptAtMs: progress.nextAtMs || null,
        lastSuccessAtMs: progress.lastSuccessAtMs || null,
        lastFailure: progress.lastFailure === undefined ? null : showFailure(progress.lastFailure),
        delivered: { batches: progress.deliveredBatches, items: progress.deliveredMessages },
        failedAttempts: progress.failedAttempts,
        drops: { ...answer.drops },
        deadLetters: { batches: deadLetters.count, bytes: deadLetters.bytes, itemsEver: progress.deadMessages },
      };
      return { status: 200, body };
    },
  }),
];
