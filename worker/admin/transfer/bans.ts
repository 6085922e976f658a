// Bans.

import * as z from "zod/mini";
import { subjectOf } from "../../auth/subjects.ts";
import { type Ban, banShape, bansAfter, countActiveBans, putBans } from "../../d1/bans.ts";
import { banFields, bansMax, showBan, shownBan } from "../bans.ts";
import { exported, intake, type Table, tooMany } from "./table.ts";

const row = z.strictObject({ ...banFields, createdAtMs: z.optional(z.int()) });

export const bansTable: Table = {
  name: "bans",
  about: "An imported ban holds at once, and ends the connections that it concerns.",
  columns: { kind: "text", value: "text", untilMs: "number", comment: "text", createdAtMs: "number" },
  item: shownBan,
  async export(control, after, limit) {
    const [kind = "", value = ""] = after.split(/:(.*)/s);
    const bans = await bansAfter(control, kind, value, limit);
    return exported(bans, limit, (ban) => `${ban.kind}:${ban.value}`, showBan);
  },
  intake: intake<typeof row, Ban>({
    row,
    shape: banShape,
    keyOf: (ban) => [ban.kind, ban.value],
    concerns: (ban) => subjectOf(ban.kind, ban.value),
    async check(rows, known, { control, nowMs }) {
      return tooMany(rows, known, {
        ownerOf: ({ untilMs }) => ((untilMs ?? Infinity) > nowMs ? "" : undefined),
        known: new Map([["", await countActiveBans(control, nowMs)]]),
        max: bansMax,
        field: "value",
      });
    },
    async put(rows, _there, { control, nowMs }) {
      const bans = rows.map(({ untilMs, createdAtMs = nowMs, ...ban }) => ({
        ...ban,
        untilMs: untilMs ?? undefined,
        createdAtMs,
      }));
      return putBans(control, bans, nowMs);
    },
  }),
};
