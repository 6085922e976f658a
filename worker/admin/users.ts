// Users: those who prove with a password or a key who they are.

import * as z from "zod/mini";
import { parsePasswordRecord } from "../../src/auth/password-record.ts";
import { hashPassword, passwordBytesMax } from "../auth/password.ts";
import { scramRecord } from "../auth/scram.ts";
import { userSubject } from "../auth/subjects.ts";
import { configOf } from "../config.ts";
import type { Control } from "../d1/control.ts";
import { groupShape } from "../d1/groups.ts";
import { find, findOne, type Seen } from "../d1/seen.ts";
import { put } from "../d1/shape.ts";
import { deleteUser, membershipsOf, putMemberships, type StoredUser, userShape, usersAfter } from "../d1/users.ts";
import type { Env } from "../env.ts";
import { change } from "./change.ts";
import { existing } from "./existing.ts";
import { conflict, invalid } from "./problem.ts";
import { route } from "./route.ts";
import { changedComment, limits, name, none, page, pageOf, pageSchema } from "./schemas.ts";

export const groupsOfUserMax = 50;
const tag = "Users";

export const password = z.string().check(
  z.minLength(8),
  z.refine((text) => new TextEncoder().encode(text).length <= passwordBytesMax, `at most ${passwordBytesMax} bytes`),
);

/** Of another broker: replaced by one of our own when the user first logs in. */
export const passwordHash = z
  .string()
  .check(z.refine((text) => parsePasswordRecord(text) !== undefined, "no hash of a kind that can be verified here"));

const fields = {
  password: z.optional(z.nullable(password)),
  passwordHash: z.optional(passwordHash),
  groups: z.optional(z.array(name).check(z.maxLength(groupsOfUserMax))),
  disabled: z.optional(z.boolean()),
  limits: z.optional(limits),
  comment: changedComment,
};

const newUser = z.strictObject({ name, ...fields });
const changes = z.strictObject(fields);

const shown = z.object({
  name: z.string(),
  hasPassword: z.boolean(),
  groups: z.array(z.string()),
  disabled: z.boolean(),
  limits: z.record(z.string(), z.number()),
  comment: z.string(),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});

interface KnownUser {
  readonly user: StoredUser;
  readonly groups: readonly string[];
}

/** Without what is secret. */
function show({ user, groups }: KnownUser): z.output<typeof shown> {
  const { password: hash, scram: _scram, limits: overrides, ...rest } = user;
  return { ...rest, hasPassword: hash !== undefined, groups: [...groups], limits: { ...overrides } };
}

export async function existingUser(control: Control, userName: string): Promise<KnownUser & { readonly seen: Seen }> {
  const { item: user, seen } = await existing(control, userShape, [userName], `user ${JSON.stringify(userName)}`);
  const groups = await membershipsOf(control, [userName]);
  return { user, groups: groups.get(userName) ?? [], seen };
}

type Fields = z.output<typeof changes>;

interface Caller {
  readonly env: Env;
  readonly control: Control;
  readonly nowMs: number;
}

/** What the body makes of a user, and what that rests on besides. */
async function changed(
  { env, control, nowMs }: Caller,
  known: KnownUser,
  body: Fields,
): Promise<KnownUser & { readonly statements: readonly D1PreparedStatement[]; readonly restsOn: readonly Seen[] }> {
  const groups = body.groups === undefined ? known.groups : [...new Set(body.groups)].sort();
  const named = await find(
    control,
    groupShape,
    (body.groups === undefined ? [] : groups).map((group) => [group]),
  );
  const unknown = named.seen.rows.filter(([, row]) => row === undefined).map(([[group]]) => group);
  if (unknown.length > 0) throw invalid("body.groups", `there is no group ${unknown.join(", ")}`);
  if (body.password !== undefined && body.passwordHash !== undefined) {
    throw invalid("body.passwordHash", "stands in place of a password, not beside one");
  }
  const hash = typeof body.password === "string" ? await hashPassword(body.password) : body.passwordHash;
  const mayScram = configOf(env).authentication.includes("scram");
  const scram =
    mayScram && typeof body.password === "string" ? await scramRecord(known.user.name, body.password) : undefined;
  const user: StoredUser = {
    ...known.user,
    scram: body.password === undefined && hash === undefined ? known.user.scram : scram,
    password: body.password === undefined && hash === undefined ? known.user.password : hash,
    disabled: body.disabled ?? known.user.disabled,
    limits: (body.limits as StoredUser["limits"] | undefined) ?? known.user.limits,
    comment: body.comment ?? known.user.comment,
    changedAtMs: nowMs,
  };
  // Who says nothing of the groups leaves them as they are by then.
  const memberships = body.groups === undefined ? [] : putMemberships(control, [{ name: user.name, groups }]);
  return { user, groups, statements: [...put(control, userShape, [user]), ...memberships], restsOn: [named.seen] };
}

const params = z.strictObject({ name });

export const userRoutes = [
  route({
    method: "GET",
    path: "/users",
    scope: "read",
    tag,
    summary: "List users",
    params: none,
    query: page,
    answers: { status: 200, description: "Users by name.", schema: pageSchema(shown) },
    async handle({ control, query }) {
      const users = await usersAfter(control, query.after, query.limit);
      const groups = await membershipsOf(
        control,
        users.map((user) => user.name),
      );
      const items = users.map((user) => show({ user, groups: groups.get(user.name) ?? [] }));
      return { status: 200, body: pageOf(items, query.limit, (user) => user.name) };
    },
  }),
  route({
    method: "POST",
    path: "/users",
    scope: "admin",
    tag,
    summary: "Create a user",
    params: none,
    query: none,
    body: newUser,
    answers: { status: 201, description: "The user.", schema: shown },
    async handle(call) {
      const { control, body, nowMs } = call;
      const { item: before, seen } = await findOne(control, userShape, body.name);
      if (before !== undefined) {
        throw conflict(
          `There is a user ${JSON.stringify(body.name)}.`,
          "Change it with PATCH, or choose another name.",
        );
      }
      const blank: StoredUser = {
        name: body.name,
        password: undefined,
        scram: undefined,
        disabled: false,
        limits: {},
        comment: "",
        createdAtMs: nowMs,
        changedAtMs: nowMs,
      };
      const known = await changed(call, { user: blank, groups: [] }, body);
      await change(call, {
        restsOn: [seen, ...known.restsOn],
        statements: known.statements,
        concerns: [userSubject(body.name)],
        action: "user.create",
        subject: body.name,
        after: show(known),
      });
      return { status: 201, body: show(known) };
    },
  }),
  route({
    method: "GET",
    path: "/users/{name}",
    scope: "read",
    tag,
    summary: "Read a user",
    params,
    query: none,
    answers: { status: 200, description: "The user.", schema: shown },
    async handle({ control, path }) {
      return { status: 200, body: show(await existingUser(control, path.name)) };
    },
  }),
  route({
    method: "PATCH",
    path: "/users/{name}",
    scope: "admin",
    tag,
    summary: "Change a user",
    description:
      "What the body leaves out stays. `password: null` takes the password away. Takes effect at once: connections that a new password, " +
      "`disabled` or other groups no longer allow are ended.",
    params,
    query: none,
    body: changes,
    answers: { status: 200, description: "The user as it is now.", schema: shown },
    async handle(call) {
      const { control, path, body } = call;
      const before = await existingUser(control, path.name);
      const after = await changed(call, before, body);
      await change(call, {
        restsOn: [before.seen, ...after.restsOn],
        statements: after.statements,
        concerns: [userSubject(path.name)],
        action: body.password === undefined && body.passwordHash === undefined ? "user.change" : "user.change-password",
        subject: path.name,
        before: show(before),
        after: show(after),
      });
      return { status: 200, body: show(after) };
    },
  }),
  route({
    method: "DELETE",
    path: "/users/{name}",
    scope: "admin",
    tag,
    summary: "Delete a user, with its keys and rules",
    params,
    query: none,
    answers: { status: 204, description: "The user is gone." },
    async handle(call) {
      const { control, path } = call;
      const before = await existingUser(control, path.name);
      await change(call, {
        restsOn: [before.seen],
        statements: deleteUser(control, path.name),
        concerns: [userSubject(path.name)],
        action: "user.delete",
        subject: path.name,
        before: show(before),
      });
      return { status: 204 };
    },
  }),
];
