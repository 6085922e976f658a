// All subscriptions there are, across sessions: from the shards that route by them, a page at a time.

import * as z from "zod/mini";
import {
  isCursor,
  type ListedSubscription,
  type SubscriptionList,
  type SubscriptionQuery,
} from "../../src/store/subscription-rows.ts";
import { shardsOf } from "../../src/topic/shards.ts";
import { plainFilter } from "../../src/topic/share.ts";
import { configOf } from "../config.ts";
import type { Env } from "../env.ts";
import { clientIdIn } from "../names.ts";
import { withRetries } from "../retry.ts";
import { shardStub } from "../stubs.ts";
import { invalid } from "./problem.ts";
import { route } from "./route.ts";
import { none, page, pageSchema } from "./schemas.ts";
import { orUnavailable } from "./session-call.ts";
import { pageOverShards } from "./shard-pages.ts";
import { checkFilters, filter as subscriptionFilter } from "./subscription-schemas.ts";

const shown = z.object({
  clientId: z.nullable(z.string()).check(z.describe("null: longer than 512 bytes, and not kept here.")),
  filter: z.string().check(z.describe("With `$share` and the group, if it is shared.")),
  qos: z.literal([0, 1, 2]),
  noLocal: z.boolean(),
  retainAsPublished: z.boolean(),
  identifier: z.nullable(z.number()),
});

function show({ session, identifier, ...rest }: ListedSubscription): z.output<typeof shown> {
  const clientId = clientIdIn(session);
  return {
    clientId: clientId === session ? null : clientId,
    ...rest,
    identifier: identifier === 0 ? null : identifier,
  };
}

function ask(env: Env, shard: number, query: SubscriptionQuery): Promise<SubscriptionList> {
  if (query.after !== undefined && !isCursor(query.after)) throw invalid("query.after", "is not `next` of a page");
  const list = async () => shardStub(env, shard).subscriptions(query) as Promise<SubscriptionList>;
  return orUnavailable("shard", `${shard}`, withRetries(list));
}

export const allSubscriptionRoutes = [
  route({
    method: "GET",
    path: "/subscriptions",
    scope: "read",
    tag: "Subscriptions",
    summary: "List the subscriptions of all sessions",
    description:
      "In the order of the topic shards and, within, of the filters. A page costs the same wherever it begins. With a prefix that few clients have, a page may be short or empty: it is the last only if `next` is null.",
    params: none,
    query: z.extend(page, {
      // It names a filter.
      after: z._default(z.string().check(z.maxLength(100_000)), ""),
      filter: z.optional(
        subscriptionFilter.check(z.describe("This filter, letter by letter, with `$share` if it is shared.")),
      ),
      prefix: z.optional(z.string().check(z.maxLength(512), z.describe("Of the client id."))),
    }),
    answers: { status: 200, description: "Subscriptions.", schema: pageSchema(shown) },
    async handle({ env, query: { after, limit, filter, prefix } }) {
      const config = configOf(env);
      const { topicShardDepth, topicShards } = config;
      if (filter !== undefined) checkFilters([filter], () => "query.filter", config);
      const shards =
        filter === undefined
          ? Array.from({ length: topicShards }, (_, shard) => shard)
          : // One that every shard knows is listed by the first.
            shardsOf(plainFilter(filter), topicShardDepth, topicShards).slice(0, 1);
      const session = prefix === undefined ? undefined : `c:${prefix}`;
      const { items, next } = await pageOverShards({
        shards,
        after,
        limit,
        width: 4,
        ask: (shard, from, room) => ask(env, shard, { after: from, limit: room, filter, session }),
      });
      return { status: 200, body: { items: items.map(show), next } };
    },
  }),
];
