// What a webhook is besides a row of the control database: a session with a sink. These bring it into line with the row.

import { SESSION_NEVER_EXPIRES } from "../../src/protocol/packet.ts";
import { isFailure } from "../../src/protocol/reason.ts";
import { reasonText } from "../../src/protocol/reason-text.ts";
import type { SinkSettings, SinkTarget } from "../../src/session/sink.ts";
import type { SubscriptionRequest } from "../../src/session/subscribe.ts";
import type { StoredWebhook } from "../d1/webhooks.ts";
import type { Env } from "../env.ts";
import { sessionName, webhookClientId } from "../names.ts";
import { announceHook } from "../webhook/hooks.ts";
import { conflict } from "./problem.ts";
import { callSession, orUnavailable } from "./session-call.ts";

/** When this returns, it is as the row says, and whoever events happen to knows which of them it wants. */
export async function applyWebhook(env: Env, webhook: StoredWebhook, revision: number): Promise<void> {
  const clientId = webhookClientId(webhook.name);
  const { queueMessagesMax, queueBytesMax } = webhook.settings;
  const subscriptions = webhook.filters.map((filter): SubscriptionRequest => {
    const retainHandling = webhook.settings.retained ? 1 : 2;
    // What is published at QoS 2 is taken into the queue once.
    return { filter, qos: 2, noLocal: false, retainAsPublished: true, retainHandling };
  });
  const request = {
    kind: "provision",
    clientId,
    expirySeconds: SESSION_NEVER_EXPIRES,
    subscriptions,
    // An endpoint that is away never refuses a publisher.
    limits: { queueMessagesMax, queueBytesMax, queuePolicy: "drop-oldest" },
    sink: sinkOf(webhook, revision),
  } as const;
  const { reasons, generation } = await callSession({ env, clientId, request, hopes: "provisioned" });
  const refused = reasons.findIndex(isFailure);
  if (refused >= 0) {
    const reason = reasonText(reasons[refused] as (typeof reasons)[number]);
    throw conflict(`The filter ${webhook.filters[refused]} is refused: ${reason}.`, "Leave it out with PATCH.");
  }
  await removeOthers(env, clientId, webhook.filters);
  const session = sessionName(clientId);
  await orUnavailable(
    "hook",
    webhook.name,
    announceHook(env, { session, revision, generation, events: webhook.events }),
  );
}

/** Nobody tells it anything any more, whatever was said before. */
export async function endWebhook(env: Env, name: string): Promise<void> {
  const notice = { session: sessionName(webhookClientId(name)), revision: Number.MAX_SAFE_INTEGER, generation: 0 };
  await orUnavailable("hook", name, announceHook(env, { ...notice, events: [] }));
  await callSession({ env, clientId: webhookClientId(name), request: { kind: "end" }, hopes: "ended" });
}

async function removeOthers(env: Env, clientId: string, filters: readonly string[]): Promise<void> {
  const request = { kind: "subscriptions", after: "", limit: 1_000 } as const;
  const { subscriptions } = await callSession({ env, clientId, request, hopes: "subscriptions" });
  const others = subscriptions.map(({ filter }) => filter).filter((filter) => !filters.includes(filter));
  if (others.length === 0) return;
  await callSession({ env, clientId, request: { kind: "unsubscribe", filters: others }, hopes: "subscribed" });
}

export function sinkOf(webhook: StoredWebhook, revision: number): SinkSettings {
  const { batchMessagesMax, batchBytesMax, lingerMs, attemptsMax } = webhook.settings;
  const { name, isPaused } = webhook;
  const target = targetOf(webhook);
  return { name, revision, isPaused, target, batchMessagesMax, batchBytesMax, lingerMs, attemptsMax };
}

export function targetOf({ url, queue, secret, formerSecret, formerUntilMs, settings }: StoredWebhook): SinkTarget {
  if (url === null) return { kind: "queue", binding: queue as string };
  return {
    kind: "http",
    url,
    timeoutMs: settings.timeoutSeconds * 1000,
    secret,
    ...(formerSecret === undefined ? {} : { formerSecret, formerUntilMs: formerUntilMs ?? 0 }),
  };
}
