// A live tail of a filter, as server-sent events.

import * as z from "zod/mini";
import type { Publish } from "../../src/protocol/packet.ts";
import { configOf } from "../config.ts";
import { openTail, TailRefused } from "../tail.ts";
import { shownPayload, shownProperties } from "./messages.ts";
import { invalid } from "./problem.ts";
import { filter } from "./retained.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";
import { orUnavailable } from "./session-call.ts";

const secondsMax = 3_600;

const query = z.strictObject({
  filter,
  retained: z._default(z.stringbool(), false).check(z.describe("Whether it begins with what is retained.")),
  seconds: z
    ._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(secondsMax)), 300)
    .check(z.describe("It ends after so long.")),
  messages: z
    ._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(1_000_000)), 1_000_000)
    .check(z.describe("Or after so many messages.")),
});

export const tailRoutes = [
  route({
    method: "GET",
    path: "/tail",
    scope: "operate",
    tag: "Live tail",
    summary: "Watch messages as they come",
    description:
      "Server-sent events: each message as JSON, `missed` with a count when the reader was too slow, and `end` with the reason. It subscribes at QoS 0: a " +
      "slow reader misses messages, and holds no publisher up.",
    params: none,
    query,
    answers: { status: 200, description: "Events, until it ends.", type: "text/event-stream", schema: z.string() },
    async handle({ env, query: { filter: topics, retained, seconds, messages } }) {
      try {
        const limits = configOf(env);
        return {
          status: 200,
          body: await openTail(env, { filter: topics, retained, seconds, messagesMax: messages, show, limits }),
        };
      } catch (error) {
        if (error instanceof TailRefused) throw invalid("query.filter", error.message);
        return orUnavailable("session", "of a tail", Promise.reject(error));
      }
    },
  }),
];

function show({ topic, qos, retain, payload, properties, messageExpirySeconds }: Publish) {
  return {
    topic,
    ...shownPayload(payload),
    payloadBytes: payload.length,
    qos,
    retain,
    properties: {
      ...shownProperties(properties),
      ...(messageExpirySeconds === undefined ? {} : { messageExpirySeconds }),
    },
  };
}
