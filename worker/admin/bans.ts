// Bans: client ids, users and addresses that may not connect, for a time or for good.

import * as z from "zod/mini";
import { subjectOf } from "../auth/subjects.ts";
import { type Ban, banShape, bansAfter, countActiveBans, deleteBan, putBans } from "../d1/bans.ts";
import { findOne } from "../d1/seen.ts";
import { change } from "./change.ts";
import { existing } from "./existing.ts";
import { conflict, invalid } from "./problem.ts";
import { route } from "./route.ts";
import { comment, cursor, endsAt, none, page, pageSchema } from "./schemas.ts";

const tag = "Bans";
/** All that hold are read together at CONNECT. */
export const bansMax = 10_000;

const kind = z.enum(["client", "user", "address"]);
const value = z.string().check(z.minLength(1), z.maxLength(1024));

export const banFields = { kind, value, untilMs: endsAt, comment };

export const shownBan = z.object({
  kind,
  value,
  untilMs: z.nullable(z.number()),
  comment: z.string(),
  createdAtMs: z.number(),
});

export function showBan({ untilMs, ...rest }: Ban) {
  return { ...rest, untilMs: untilMs ?? null };
}

export const banRoutes = [
  route({
    method: "GET",
    path: "/bans",
    scope: "read",
    tag,
    summary: "List bans",
    params: none,
    query: z.extend(page, {
      after: cursor(/^((client|user|address):.+)?$/su),
    }),
    answers: { status: 200, description: "Bans by kind and value.", schema: pageSchema(shownBan) },
    async handle({ control, query }) {
      const [afterKind = "", afterValue = ""] = query.after.split(/:(.*)/s);
      const bans = await bansAfter(control, afterKind, afterValue, query.limit);
      const last = bans.at(-1);
      const next = bans.length < query.limit || last === undefined ? null : `${last.kind}:${last.value}`;
      return { status: 200, body: { items: bans.map(showBan), next } };
    },
  }),
  route({
    method: "POST",
    path: "/bans",
    scope: "operate",
    tag,
    summary: "Ban a client id, a user or an address",
    description:
      "Takes effect at once: whoever is connected and concerned is disconnected with 0x98, without a word from its will. A ban that " +
      "exists is replaced.",
    params: none,
    query: none,
    body: z.strictObject(banFields),
    answers: { status: 201, description: "The ban.", schema: shownBan },
    async handle(call) {
      const { control, body, nowMs } = call;
      if (body.untilMs !== null && body.untilMs <= nowMs) throw invalid("body.untilMs", "is over already");
      const { item: before, seen } = await findOne(control, banShape, body.kind, body.value);
      if (before === undefined && (await countActiveBans(control, nowMs)) >= bansMax) {
        throw conflict(`There are ${bansMax} bans.`, "Lift some, or keep addresses away with the platform's firewall.");
      }
      const ban: Ban = { ...body, untilMs: body.untilMs ?? undefined, createdAtMs: before?.createdAtMs ?? nowMs };
      await change(call, {
        restsOn: [seen],
        statements: putBans(control, [ban], nowMs),
        concerns: [subjectOf(ban.kind, ban.value)],
        action: "ban.put",
        subject: `${ban.kind}:${ban.value}`,
        ...(before === undefined ? {} : { before: showBan(before) }),
        after: showBan(ban),
      });
      return { status: 201, body: showBan(ban) };
    },
  }),
  route({
    method: "DELETE",
    path: "/bans/{kind}/{value}",
    scope: "operate",
    tag,
    summary: "Lift a ban",
    params: z.strictObject({ kind, value }),
    query: none,
    answers: { status: 204, description: "There is no such ban any more." },
    async handle(call) {
      const { control, path } = call;
      const what = `ban of the ${path.kind} ${JSON.stringify(path.value)}`;
      const { item: before, seen } = await existing(control, banShape, [path.kind, path.value], what);
      await change(call, {
        restsOn: [seen],
        statements: [deleteBan(control, path.kind, path.value)],
        concerns: [subjectOf(path.kind, path.value)],
        action: "ban.delete",
        subject: `${path.kind}:${path.value}`,
        before: showBan(before),
      });
      return { status: 204 };
    },
  }),
];
