// Users, with their groups, and the verifiers of their passwords.

import * as z from "zod/mini";
import { overridableLimits } from "../../../src/auth/limits.ts";
import { parseVerifier } from "../../../src/auth/verifier.ts";
import { hashPassword } from "../../auth/password.ts";
import { scramRecord } from "../../auth/scram.ts";
import { userSubject } from "../../auth/subjects.ts";
import { configOf } from "../../config.ts";
import { groupShape } from "../../d1/groups.ts";
import { find } from "../../d1/seen.ts";
import { put } from "../../d1/shape.ts";
import { membershipsOf, putMemberships, type StoredUser, userShape, usersAfter } from "../../d1/users.ts";
import { comment, limits, name } from "../schemas.ts";
import { groupsOfUserMax, password, passwordHash } from "../users.ts";
import type { Columns } from "./csv.ts";
import { exported, type Importing, intake, type RowProblem, type Table } from "./table.ts";

/** Each takes a good part of a second. */
const passwordsMax = 100;

const shared = {
  name,
  passwordHash: z.optional(passwordHash),
  scram: z.optional(z.string().check(z.refine((text) => typeof parseVerifier(text) !== "string", "no SCRAM verifier"))),
  groups: z._default(z.array(name).check(z.maxLength(groupsOfUserMax)), []),
  disabled: z._default(z.boolean(), false),
  limits: z._default(limits, {}),
  comment,
};

const times = { createdAtMs: z.optional(z.int()), changedAtMs: z.optional(z.int()) };

const row = z.strictObject({ ...shared, password: z.optional(password), ...times });
type Row = z.output<typeof row>;

export const limitColumns: Columns = Object.fromEntries(
  overridableLimits.map((limit) => [`limits.${limit}`, "number" as const]),
);

export const usersTable: Table = {
  name: "users",
  about:
    "With the hashes of their passwords, which have to be kept like passwords: who has them can guess at leisure. An import takes a `password` too, at most 100 in one request.",
  columns: {
    name: "text",
    password: "text",
    passwordHash: "text",
    scram: "text",
    groups: "list",
    disabled: "boolean",
    ...limitColumns,
    comment: "text",
    createdAtMs: "number",
    changedAtMs: "number",
  },
  item: z.object({ ...shared, createdAtMs: z.number(), changedAtMs: z.number() }),
  async export(control, after, limit) {
    const users = await usersAfter(control, after, limit);
    const groups = await membershipsOf(
      control,
      users.map((user) => user.name),
    );
    return exported(
      users,
      limit,
      (user) => user.name,
      ({ password: hash, ...user }) => ({ ...user, passwordHash: hash, groups: groups.get(user.name) ?? [] }),
    );
  },
  intake: intake<typeof row, StoredUser>({
    row,
    shape: userShape,
    keyOf: (user) => [user.name],
    concerns: (user) => userSubject(user.name),
    needs(rows, control) {
      const groups = new Set(rows.flatMap((user) => user.groups));
      return find(
        control,
        groupShape,
        [...groups].map((group) => [group]),
      );
    },
    async check(rows, { isThere }) {
      const problems: RowProblem[] = [];
      let passwords = 0;
      for (const [index, user] of rows.entries()) {
        const unknown = user.groups.filter((group) => !isThere(group));
        const say = (field: string, message: string) => problems.push({ row: index, field, message });
        if (unknown.length > 0) say("groups", `there is no group ${unknown.join(", ")}`);
        if (user.password === undefined) continue;
        if (user.passwordHash !== undefined) say("passwordHash", "stands in place of a password, not beside one");
        if (++passwords === passwordsMax + 1) say("password", `one request takes ${passwordsMax} passwords`);
      }
      return problems;
    },
    async put(rows, there, importing) {
      const users: StoredUser[] = [];
      for (const user of rows) users.push(await storedUser(user, there.get(user.name), importing));
      return [...put(importing.control, userShape, users), ...putMemberships(importing.control, rows)];
    },
  }),
};

type Secrets = Pick<StoredUser, "password" | "scram">;

/** One that says nothing of a password leaves it as it is. */
async function storedUser(user: Row, before: Secrets | undefined, { env, nowMs }: Importing): Promise<StoredUser> {
  const { password: plain, passwordHash: hash, scram, createdAtMs = nowMs, groups: _groups, ...rest } = user;
  const saysNothing = plain === undefined && hash === undefined && scram === undefined;
  const secrets: Secrets = saysNothing
    ? { password: before?.password, scram: before?.scram }
    : plain === undefined
      ? { password: hash, scram }
      : { password: await hashPassword(plain), scram: await verifierOf(user.name, plain) };
  return { ...rest, limits: rest.limits as StoredUser["limits"], ...secrets, createdAtMs, changedAtMs: nowMs };

  function verifierOf(of: string, text: string): Promise<string | undefined> | undefined {
    return configOf(env).authentication.includes("scram") ? scramRecord(of, text) : undefined;
  }
}
