// The deployment's variables as they hold, for reading: they change with a deploy.

import * as z from "zod/mini";
import { settingSources, settingsOf } from "../config.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const setting = z.object({
  name: z.string(),
  value,
  default: value,
  isSecret: z.boolean(),
  source: z.enum(settingSources),
});

export const settingsRoutes = [
  route({
    method: "GET",
    path: "/settings",
    scope: "read",
    tag: "Settings",
    summary: "List the variables of the deployment",
    description: "With the value that holds, unless it is a secret, and where it comes from.",
    params: none,
    query: none,
    answers: { status: 200, description: "Variables.", schema: z.object({ items: z.array(setting) }) },
    async handle({ env }) {
      return { status: 200, body: { items: settingsOf({ ...env }) } };
    },
  }),
];
