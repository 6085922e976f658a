// The audit log: every change that was made through this API.

import * as z from "zod/mini";
import { auditBefore } from "../d1/audit.ts";
import { route } from "./route.ts";
import { cursor, none, page, pageOf, pageSchema } from "./schemas.ts";

const entry = z.object({
  id: z.number(),
  atMs: z.number(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});

const query = z.extend(page, { after: cursor(/^\d{0,15}$/) });

export const auditRoutes = [
  route({
    method: "GET",
    path: "/audit",
    scope: "admin",
    tag: "Audit",
    summary: "List changes, the newest first",
    params: none,
    query,
    answers: { status: 200, description: "Changes.", schema: pageSchema(entry) },
    async handle({ control, query: { after, limit } }) {
      const before = after === "" ? Number.MAX_SAFE_INTEGER : Number(after);
      const entries = await auditBefore(control, before, limit);
      return { status: 200, body: pageOf(entries, limit, ({ id }) => String(id)) };
    },
  }),
];
