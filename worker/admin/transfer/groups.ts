// Groups, with what their members have more or less of than others.

import * as z from "zod/mini";
import { groupSubject } from "../../auth/subjects.ts";
import { countGroups, groupShape, groupsAfter, type StoredGroup } from "../../d1/groups.ts";
import { put } from "../../d1/shape.ts";
import { groupsMax } from "../groups.ts";
import { comment, limits, name } from "../schemas.ts";
import { exported, intake, quotaOf, type Table, tooMany } from "./table.ts";
import { limitColumns } from "./users.ts";

const row = z.strictObject({
  name,
  limits: z._default(limits, {}),
  comment,
  createdAtMs: z.optional(z.int()),
  changedAtMs: z.optional(z.int()),
});

export const groupsTable: Table = {
  name: "groups",
  about: "Who is in them stands with the users.",
  columns: { name: "text", ...limitColumns, comment: "text", createdAtMs: "number", changedAtMs: "number" },
  item: z.object({ name, limits, comment: z.string(), createdAtMs: z.number(), changedAtMs: z.number() }),
  async export(control, after, limit) {
    return exported(await groupsAfter(control, after, limit), limit, (group) => group.name);
  },
  intake: intake<typeof row, StoredGroup>({
    row,
    shape: groupShape,
    keyOf: (group) => [group.name],
    concerns: (group) => groupSubject(group.name),
    async check(rows, there, { control }) {
      return tooMany(rows, there, quotaOf("name", await countGroups(control), groupsMax));
    },
    async put(rows, _there, { control, nowMs }) {
      const groups = rows.map((group) => ({
        ...group,
        limits: group.limits as StoredGroup["limits"],
        createdAtMs: group.createdAtMs ?? nowMs,
        changedAtMs: nowMs,
      }));
      return put(control, groupShape, groups);
    },
  }),
};
