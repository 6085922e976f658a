// The caller itself: what its key may do.

import * as z from "zod/mini";
import { scopes } from "../scopes.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";

export const selfRoutes = [
  route({
    method: "GET",
    path: "/self",
    scope: "read",
    tag: "Self",
    summary: "Read who calls",
    description: "The name under which the audit log knows the caller, and the scopes of its key.",
    params: none,
    query: none,
    answers: {
      status: 200,
      description: "The caller.",
      schema: z.object({ name: z.string(), scopes: z.array(z.enum(scopes)) }),
    },
    async handle({ caller: { name, scopes: ofKey } }) {
      return { status: 200, body: { name, scopes: ofKey } };
    },
  }),
];
