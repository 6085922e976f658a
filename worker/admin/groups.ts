// Groups: what several users have in common, as rules and limits.

import * as z from "zod/mini";
import { groupSubject } from "../auth/subjects.ts";
import type { Control } from "../d1/control.ts";
import { countGroups, deleteGroup, groupShape, groupsAfter, type StoredGroup } from "../d1/groups.ts";
import { findOne } from "../d1/seen.ts";
import { put } from "../d1/shape.ts";
import { change } from "./change.ts";
import { type Existing, existing } from "./existing.ts";
import { conflict } from "./problem.ts";
import { route } from "./route.ts";
import { changedComment, limits, name, none, page, pageOf, pageSchema } from "./schemas.ts";

const tag = "Groups";
/** All are read together at CONNECT. */
export const groupsMax = 1_000;

const fields = { limits: z.optional(limits), comment: changedComment };

const shown = z.object({
  name: z.string(),
  limits: z.record(z.string(), z.number()),
  comment: z.string(),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});

const params = z.strictObject({ name });

function existingGroup(control: Control, groupName: string): Promise<Existing<StoredGroup>> {
  return existing(control, groupShape, [groupName], `group ${JSON.stringify(groupName)}`);
}

export const groupRoutes = [
  route({
    method: "GET",
    path: "/groups",
    scope: "read",
    tag,
    summary: "List groups",
    params: none,
    query: page,
    answers: { status: 200, description: "Groups by name.", schema: pageSchema(shown) },
    async handle({ control, query }) {
      const groups = await groupsAfter(control, query.after, query.limit);
      return { status: 200, body: pageOf(groups, query.limit, (group) => group.name) };
    },
  }),
  route({
    method: "POST",
    path: "/groups",
    scope: "admin",
    tag,
    summary: "Create a group",
    params: none,
    query: none,
    body: z.strictObject({ name, ...fields }),
    answers: { status: 201, description: "The group.", schema: shown },
    async handle(call) {
      const { control, body, nowMs } = call;
      const { item: before, seen } = await findOne(control, groupShape, body.name);
      if (before !== undefined) {
        throw conflict(
          `There is a group ${JSON.stringify(body.name)}.`,
          "Change it with PATCH, or choose another name.",
        );
      }
      if ((await countGroups(control)) >= groupsMax) {
        throw conflict(`There are ${groupsMax} groups.`, "Delete one that nobody needs.");
      }
      const group: StoredGroup = {
        name: body.name,
        limits: (body.limits ?? {}) as StoredGroup["limits"],
        comment: body.comment ?? "",
        createdAtMs: nowMs,
        changedAtMs: nowMs,
      };
      await change(call, {
        restsOn: [seen],
        statements: put(control, groupShape, [group]),
        concerns: [groupSubject(body.name)],
        action: "group.create",
        subject: body.name,
        after: group,
      });
      return { status: 201, body: group };
    },
  }),
  route({
    method: "GET",
    path: "/groups/{name}",
    scope: "read",
    tag,
    summary: "Read a group",
    params,
    query: none,
    answers: { status: 200, description: "The group.", schema: shown },
    async handle({ control, path }) {
      return { status: 200, body: (await existingGroup(control, path.name)).item };
    },
  }),
  route({
    method: "PATCH",
    path: "/groups/{name}",
    scope: "admin",
    tag,
    summary: "Change a group",
    params,
    query: none,
    body: z.strictObject(fields),
    answers: { status: 200, description: "The group as it is now.", schema: shown },
    async handle(call) {
      const { control, path, body, nowMs } = call;
      const { item: before, seen } = await existingGroup(control, path.name);
      const after: StoredGroup = {
        ...before,
        limits: (body.limits as StoredGroup["limits"] | undefined) ?? before.limits,
        comment: body.comment ?? before.comment,
        changedAtMs: nowMs,
      };
      await change(call, {
        restsOn: [seen],
        statements: put(control, groupShape, [after]),
        concerns: [groupSubject(path.name)],
        action: "group.change",
        subject: path.name,
        before,
        after,
      });
      return { status: 200, body: after };
    },
  }),
  route({
    method: "DELETE",
    path: "/groups/{name}",
    scope: "admin",
    tag,
    summary: "Delete a group, with its memberships and rules",
    params,
    query: none,
    answers: { status: 204, description: "The group is gone." },
    async handle(call) {
      const { control, path } = call;
      const { item: before, seen } = await existingGroup(control, path.name);
      await change(call, {
        restsOn: [seen],
        statements: deleteGroup(control, path.name),
        concerns: [groupSubject(path.name)],
        action: "group.delete",
        subject: path.name,
        before,
      });
      return { status: 204 };
    },
  }),
];
