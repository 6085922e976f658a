// What the control database holds: users and their keys, groups, rules, bans, keys of the HTTP API, and the audit log.

import { expect } from "vitest";
import { api, manage } from "../api.ts";
import { uniqueId } from "../client.ts";
import { type Given, type Refused, type Row, type Rows, unnamed } from "../route-call.ts";

const at = encodeURIComponent;
const invalid = { status: 400, name: "invalid-input" } as const;
const isThere = { status: 409, name: "conflict" } as const;

const named = ({ path }: Given) => at(path?.["name"] ?? "");

async function group(): Promise<string> {
  const name = uniqueId("group/ü");
  await manage("POST", "/groups", { name, comment: "before" });
  return name;
}

async function user(): Promise<string> {
  const name = uniqueId("user/ü");
  await manage("POST", "/users", { name, comment: "before" });
  return name;
}

function ruleOf(subject: string) {
  return { position: 5, effect: "deny", action: "publish", subjectKind: "user", subject, filter: "a/%u/#" };
}

async function rule(): Promise<{ id: string }> {
  return manage("POST", "/rules", ruleOf(uniqueId("user")));
}

const isGone = (pathOf: (given: Given) => string): Required<Pick<Row, "proves">> => ({
  proves: async (_, given) => expect((await api("GET", pathOf(given))).status).toBe(404),
});

/** The list has the one whose place it begins before. */
async function listing(make: () => Promise<string>): Promise<Given> {
  const names = [await make(), await make()].sort();
  return { query: { after: names[0] as string, limit: "1000" } };
}

const noRules: readonly Refused[] = (
  [
    ["no filter", { filter: "a/#/b" }, "filter"],
    ["a group of subscribers in the filter", { filter: "$share/g/a" }, "filter"],
    ["no subject", { subject: "" }, "subject"],
    ["a subject for everyone", { subjectKind: "everyone" }, "subject"],
    ["retain for a subscription", { action: "subscribe", retain: true }, "retain"],
  ] as const
).map(([about, part, where]) => ({
  about,
  given: { body: { ...ruleOf("u"), ...part } },
  ...invalid,
  at: `body.${where}`,
}));

const noUsers: readonly Refused[] = (
  [
    ["a password of more bytes than are hashed", { password: "ü".repeat(600) }, "password"],
    ["a hash that is none", { passwordHash: "md5:abc" }, "passwordHash"],
    ["a password and a hash", { password: "correct horse", passwordHash: `$2a$10$${"a".repeat(53)}` }, "passwordHash"],
    ["a group that is none", { groups: ["nobody"] }, "groups"],
  ] as const
).map(([about, part, where]) => ({
  about,
  given: (valid) => ({ body: { ...unnamed(valid), password: undefined, ...part } }),
  ...invalid,
  at: `body.${where}`,
}));

const isOver = (part: object): Refused => {
  const [where] = Object.keys(part);
  return {
    about: "a time that is over",
    given: (valid) => ({ body: { ...(valid.body as object), ...part } }),
    ...invalid,
    at: `body.${where}`,
  };
};

const later = () => Date.now() + 60_000;

export const controlRows: Rows = {
  "GET /users": {
    valid: () => listing(user),
    proves: ({ items, next }, { query }) => {
      expect(items.length).toBeGreaterThan(0);
      for (const { name } of items) expect(name > (query?.["after"] ?? "")).toBe(true);
      expect(next).toBe(null);
    },
  },
  "POST /users": {
    valid: async () => ({
      body: {
        name: uniqueId("user/ü"),
        password: "correct horse",
        groups: [await group()],
        limits: { connectionsMax: 2 },
      },
    }),
    proves: async (answer) => {
      expect(answer).toMatchObject({ hasPassword: true, disabled: false, limits: { connectionsMax: 2 } });
      expect(await manage("GET", `/users/${at(answer.name)}`)).toEqual(answer);
    },
    refused: [
      ...noUsers,
      { about: "a name that is taken", given: async () => ({ body: { name: await user() } }), ...isThere },
    ],
  },
  "GET /users/{name}": {
    valid: async () => ({ path: { name: await user() } }),
    proves: (answer, { path }) => expect(answer).toMatchObject({ name: path?.["name"], comment: "before" }),
  },
  "PATCH /users/{name}": {
    valid: async () => ({ path: { name: await user() }, body: { disabled: true, limits: {}, comment: "after" } }),
    proves: async (answer, given) => {
      expect(answer).toMatchObject({ disabled: true, comment: "after" });
      expect(await manage("GET", `/users/${named(given)}`)).toEqual(answer);
    },
    refused: noUsers,
  },
  "DELETE /users/{name}": {
    valid: async () => ({ path: { name: await user() } }),
    ...isGone((given) => `/users/${named(given)}`),
  },
  "GET /users/{name}/keys": {
    valid: async () => {
      const name = await user();
      await manage("POST", `/users/${at(name)}/keys`, { comment: "first" });
      return { path: { name } };
    },
    proves: ({ items }, { path }) => expect(items).toMatchObject([{ user: path?.["name"], comment: "first" }]),
  },
  "POST /users/{name}/keys": {
    valid: async () => ({ path: { name: await user() }, body: { comment: "first", expiresAtMs: later() } }),
    proves: async ({ key, ...rest }, given) => {
      expect(key).toMatch(/^dmk_/);
      expect((await manage("GET", `/users/${named(given)}/keys`)).items).toEqual([rest]);
    },
    refused: [isOver({ expiresAtMs: 1 })],
  },
  "DELETE /users/{name}/keys/{id}": {
    valid: async () => {
      const name = await user();
      return { path: { name, id: (await manage("POST", `/users/${at(name)}/keys`, {})).id } };
    },
    proves: async (_, given) => expect((await manage("GET", `/users/${named(given)}/keys`)).items).toEqual([]),
  },
  "GET /groups": {
    valid: () => listing(group),
    proves: ({ items }) => expect(items.length).toBeGreaterThan(0),
  },
  "POST /groups": {
    valid: () => ({ body: { name: uniqueId("group/ü"), limits: { connectionsMax: 2 }, comment: "why" } }),
    proves: async (answer) => expect(await manage("GET", `/groups/${at(answer.name)}`)).toEqual(answer),
    refused: [{ about: "a name that is taken", given: async () => ({ body: { name: await group() } }), ...isThere }],
  },
  "GET /groups/{name}": {
    valid: async () => ({ path: { name: await group() } }),
    proves: (answer, { path }) => expect(answer).toMatchObject({ name: path?.["name"], comment: "before" }),
  },
  "PATCH /groups/{name}": {
    valid: async () => ({ path: { name: await group() }, body: { limits: { connectionsMax: 2 }, comment: "after" } }),
    proves: async (answer, given) => {
      expect(answer).toMatchObject({ comment: "after" });
      expect(await manage("GET", `/groups/${named(given)}`)).toEqual(answer);
    },
  },
  "DELETE /groups/{name}": {
    valid: async () => ({ path: { name: await group() } }),
    ...isGone((given) => `/groups/${named(given)}`),
  },
  "GET /rules": {
    valid: async () => {
      const subject = uniqueId("user");
      await manage("POST", "/rules", ruleOf(subject));
      return { query: { subjectKind: "user", subject, limit: "10" } };
    },
    proves: ({ items }, { query }) => expect(items).toMatchObject([ruleOf(query?.["subject"] ?? "")]),
  },
  "POST /rules": {
    valid: () => ({ body: { ...ruleOf("u"), qos: [0, 1], retain: false, comment: "why" } }),
    proves: async (answer) => expect(await manage("GET", `/rules/${answer.id}`)).toEqual(answer),
    refused: noRules,
  },
  "GET /rules/{id}": {
    valid: async () => ({ path: { id: (await rule()).id } }),
    proves: (answer, { path }) => expect(answer).toMatchObject({ id: path?.["id"], effect: "deny" }),
  },
  "PUT /rules/{id}": {
    valid: async () => ({ path: { id: (await rule()).id }, body: { ...ruleOf("other"), effect: "allow" } }),
    proves: async (answer) => {
      expect(answer).toMatchObject({ effect: "allow", subject: "other" });
      expect(await manage("GET", `/rules/${answer.id}`)).toEqual(answer);
    },
    refused: noRules,
  },
  "DELETE /rules/{id}": {
    valid: async () => ({ path: { id: (await rule()).id } }),
    ...isGone(({ path }) => `/rules/${path?.["id"]}`),
  },
  "GET /bans": {
    valid: () =>
      listing(async () => {
        const value = uniqueId();
        await manage("POST", "/bans", { kind: "client", value });
        return `client:${value}`;
      }),
    proves: ({ items }) => expect(items[0]).toMatchObject({ kind: "client", untilMs: null }),
    refused: [{ about: "no place in the list", given: { query: { after: "nowhere" } }, ...invalid, at: "query.after" }],
  },
  "POST /bans": {
    valid: () => ({ body: { kind: "client", value: uniqueId("ban/ü"), untilMs: later(), comment: "why" } }),
    proves: async (answer) => {
      const { items } = await manage("GET", `/bans?limit=1&after=${at(`client:${answer.value.slice(0, -1)}`)}`);
      expect(items).toEqual([answer]);
    },
    refused: [isOver({ untilMs: 1 })],
  },
  "DELETE /bans/{kind}/{value}": {
    valid: async () => {
      const ban = { kind: "client", value: uniqueId("ban/ü") };
      await manage("POST", "/bans", ban);
      return { path: ban };
    },
    proves: async (_, { path }) =>
      expect((await api("DELETE", `/bans/client/${at(path?.["value"] ?? "")}`)).status).toBe(404),
  },
  "GET /api-keys": {
    valid: async () => {
      await manage("POST", "/api-keys", { name: "listed", scopes: ["read"] });
      return { query: { limit: "1000" } };
    },
    proves: ({ items }) => expect(JSON.stringify(items)).toContain('"listed"'),
  },
  "POST /api-keys": {
    valid: () => ({ body: { name: "made", scopes: ["read", "publish"], expiresAtMs: later() } }),
    proves: async ({ key, name, scopes }) => {
      const { body } = await api("GET", "/self", undefined, key);
      expect([body.name.endsWith(name), body.scopes]).toEqual([true, scopes]);
    },
    refused: [isOver({ expiresAtMs: 1 })],
  },
  "DELETE /api-keys/{id}": {
    valid: async () => ({ path: { id: (await manage("POST", "/api-keys", { name: "short", scopes: ["read"] })).id } }),
    proves: async (_, { path }) => expect((await api("DELETE", `/api-keys/${path?.["id"]}`)).status).toBe(404),
  },
  "GET /audit": {
    valid: async () => {
      await group();
      return { query: { limit: "1", after: "" } };
    },
    proves: ({ items }) => expect(items).toMatchObject([{ action: "group.create", before: null }]),
  },
};
