// The audit log, which is exported and not imported: a log that can be written to proves nothing.

import * as z from "zod/mini";
import { auditBefore } from "../../d1/audit.ts";
import { exported, type Table } from "./table.ts";

export const auditTable: Table = {
  name: "audit",
  about: "The newest first. It is not imported: a log that can be written to proves nothing.",
  columns: {
    id: "number",
    atMs: "number",
    actor: "text",
    action: "text",
    subject: "text",
    before: "json",
    after: "json",
  },
  item: z.object({
    id: z.number(),
    atMs: z.number(),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  }),
  async export(control, after, limit) {
    const before = /^\d{1,15}$/.test(after) ? Number(after) : Number.MAX_SAFE_INTEGER;
    return exported(await auditBefore(control, before, limit), limit, ({ id }) => `${id}`);
  },
};
