// What the broker says of itself under $SYS, for who does not speak MQTT.

import * as z from "zod/mini";
import { sysTopicNames, sysTopicsMatching } from "../../src/topic/sys.ts";
import { sysValue } from "../sys.ts";
import { filter } from "./retained.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";
import { orUnavailable } from "./session-call.ts";

export const sysRoutes = [
  route({
    method: "GET",
    path: "/sys",
    scope: "read",
    tag: "Broker",
    summary: "Read what the broker says of itself under $SYS",
    description:
      "The values that MQTT clients get who subscribe to these topics. What is counted is of the copy of the Worker that answers; what is asked of objects is at most 30 seconds old.",
    params: none,
    query: z.strictObject({ filter: z._default(filter, "$SYS/#") }),
    answers: {
      status: 200,
      description: "Topics that the filter matches, and their values.",
      schema: z.object({ items: z.array(z.object({ topic: z.enum(sysTopicNames), value: z.string() })) }),
    },
    async handle({ env, query, nowMs }) {
      const values = sysTopicsMatching([query.filter]).map(async (topic) => {
        return { topic, value: await sysValue(topic, env, nowMs) };
      });
      return { status: 200, body: { items: await orUnavailable("object", "of $SYS", Promise.all(values)) } };
    },
  }),
];
