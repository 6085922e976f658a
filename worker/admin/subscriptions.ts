// Subscriptions on a client's behalf, also while it is away.

import * as z from "zod/mini";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { StoredSubscription } from "../../src/session/changes.ts";
import { configOf } from "../config.ts";
import { changeablePath, clientPath } from "./client-schemas.ts";
import { note } from "./note.ts";
import { notFound } from "./problem.ts";
import { route } from "./route.ts";
import { none, page, pageOf, pageSchema } from "./schemas.ts";
import { callSession } from "./session-call.ts";
import {
  checkFilters,
  checkSubscriptions,
  filter,
  grantedList,
  showGranted,
  shownSubscription,
  subscriptionList,
} from "./subscription-schemas.ts";

const tag = "Subscriptions";
const path = "/sessions/{clientId}/subscriptions";

function show({ identifier, ...rest }: StoredSubscription): z.output<typeof shownSubscription> {
  return { ...rest, identifier: identifier || null };
}

export const subscriptionRoutes = [
  route({
    method: "GET",
    path,
    scope: "read",
    tag,
    summary: "List a session's subscriptions",
    params: clientPath,
    query: z.extend(page, { after: z._default(z.string().check(z.maxLength(65_535)), "") }),
    answers: { status: 200, description: "Subscriptions by filter.", schema: pageSchema(shownSubscription) },
    async handle({ env, path: { clientId }, query }) {
      const request = { kind: "subscriptions", ...query } as const;
      const { subscriptions } = await callSession({ env, clientId, request, hopes: "subscriptions" });
      return { status: 200, body: pageOf(subscriptions.map(show), query.limit, (one) => one.filter) };
    },
  }),
  route({
    method: "POST",
    path,
    scope: "operate",
    tag,
    summary: "Subscribe on a client's behalf",
    description:
      "As if the client had sent SUBSCRIBE, whether or not it is connected. Access rules are not asked: it is the operator's word. When this is " +
      "answered, every topic shard concerned routes to the session.",
    params: changeablePath,
    query: none,
    body: z.strictObject({
      subscriptions: subscriptionList.check(z.minLength(1)),
      identifier: z._default(z.int().check(z.minimum(0), z.maximum(268_435_455)), 0),
    }),
    answers: { status: 200, description: "What was granted.", schema: z.object({ subscriptions: grantedList }) },
    async handle(call) {
      const { env, body } = call;
      const { clientId } = call.path;
      checkSubscriptions(body.subscriptions, "body.subscriptions", configOf(env));
      const filters = body.subscriptions.map((one) => one.filter);
      const found = await note(call, { action: "session.subscribe", subject: clientId, after: body });
      const request = { kind: "subscribe", ...body } as const;
      const { reasons, before = [] } = await callSession({ env, clientId, request, hopes: "subscribed" });
      if (before.length > 0) await found({ before: before.map(show) });
      return { status: 200, body: { subscriptions: showGranted(filters, reasons) } };
    },
  }),
  route({
    method: "DELETE",
    path,
    scope: "operate",
    tag,
    summary: "Unsubscribe on a client's behalf",
    params: changeablePath,
    query: z.strictObject({ filter }),
    answers: { status: 204, description: "Nothing is routed to the session by this filter any more." },
    async handle(call) {
      const { env, query } = call;
      const { clientId } = call.path;
      checkFilters([query.filter], () => "query.filter", configOf(env));
      const found = await note(call, { action: "session.unsubscribe", subject: clientId, after: [query.filter] });
      const request = { kind: "unsubscribe", filters: [query.filter] } as const;
      const { reasons, before = [] } = await callSession({ env, clientId, request, hopes: "subscribed" });
      if (before.length > 0) await found({ before: before.map(show) });
      if (reasons[0] === ReasonCode.noSubscriptionExisted) {
        throw notFound(`subscription of the client ${JSON.stringify(clientId)} to ${JSON.stringify(query.filter)}`);
      }
      return { status: 204 };
    },
  }),
];
