// Tables that are exported and imported, and backups.

import { expect } from "vitest";
import { hashOf } from "../../../../worker/auth/secret.ts";
import { api, manage } from "../api.ts";
import { uniqueId } from "../client.ts";
import type { Refused, Row, Rows } from "../route-call.ts";

const at = encodeURIComponent;
const invalid = { status: 400, name: "invalid-input" } as const;

/** An id of a key that nobody has. */
function keyId(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 19);
}

async function user(): Promise<string> {
  const name = uniqueId("user");
  await manage("POST", "/users", { name });
  return name;
}

interface Kind {
  readonly row: () => object | Promise<object>;
  /** What shows that it is there. */
  readonly key: string;
  readonly refused?: readonly Refused[];
}

const kinds: Readonly<Record<string, Kind>> = {
  groups: { row: () => ({ name: uniqueId("group"), limits: { connectionsMax: 3 }, comment: "=why" }), key: "name" },
  users: {
    row: () => ({ name: uniqueId("user"), groups: [], disabled: true, limits: { connectionsMax: 3 }, comment: "=why" }),
    key: "name",
    refused: [
      {
        about: "a group that is none",
        given: { body: [{ name: "a", groups: ["nobody"] }] },
        ...invalid,
        at: "body.0.groups",
      },
      {
        about: "a hash that is none",
        given: { body: [{ name: "a", passwordHash: "md5:a" }] },
        ...invalid,
        at: "body.0.passwordHash",
      },
      {
        about: "a verifier that is none",
        given: { body: [{ name: "a", scram: "a" }] },
        ...invalid,
        at: "body.0.scram",
      },
    ],
  },
  "device-keys": {
    row: async () => ({
      id: keyId(),
      user: await user(),
      hash: hashOf(uniqueId()),
      comment: "=why",
      expiresAtMs: null,
    }),
    key: "id",
    refused: [
      {
        about: "a user that is none",
        given: { body: [{ id: keyId(), user: uniqueId("nobody"), hash: hashOf("a") }] },
        status: 409,
        name: "conflict",
      },
    ],
  },
  rules: {
    row: () => ({
      id: keyId(),
      effect: "allow",
      subjectKind: "user",
      subject: uniqueId("user"),
      filter: "a/#",
      qos: [1],
    }),
    key: "id",
    refused: [
      {
        about: "no filter",
        given: { body: [{ effect: "allow", subjectKind: "user", subject: "u", filter: "a#" }] },
        ...invalid,
        at: "body.0.filter",
      },
    ],
  },
  bans: { row: () => ({ kind: "client", value: uniqueId(), untilMs: null, comment: "=why" }), key: "value" },
  templates: {
    row: () => ({
      name: uniqueId("template"),
      pattern: "a-*",
      subscriptions: [{ filter: "a/%c" }],
      limits: { inflightMax: 3 },
    }),
    key: "name",
    refused: [
      {
        about: "no filter",
        given: { body: [{ name: "a", pattern: "a", subscriptions: [{ filter: "a#" }] }] },
        ...invalid,
        at: "body.0.subscriptions.0.filter",
      },
    ],
  },
  "api-keys": {
    row: () => ({ id: keyId(), name: "imported", scopes: ["read"], hash: hashOf(uniqueId()), expiresAtMs: null }),
    key: "id",
  },
};

const formats: readonly Refused[] = [
  { about: "a format that is none", given: { query: { format: "xml" } }, ...invalid, at: "query.format" },
];

function exporting(name: string, { row, key }: Kind): Row {
  let wanted = "";
  return {
    valid: async () => {
      const one = (await row()) as Readonly<Record<string, string>>;
      wanted = one[key] ?? "";
      await manage("POST", `/import/${name}`, [one]);
      return { query: { format: "json" } };
    },
    proves: async (items) => {
      expect(items.map((one: Record<string, string>) => one[key])).toContain(wanted);
      for (const format of ["ndjson", "csv"]) {
        expect((await api("GET", `/export/${name}?format=${format}`)).body).toContain(wanted);
      }
    },
    refused: formats,
  };
}

function importing(name: string, { row, key, refused = [] }: Kind): Row {
  const isThere: Refused = {
    about: "one that is there",
    given: async () => {
      const one = await row();
      await manage("POST", `/import/${name}`, [one]);
      return { body: [one] };
    },
    ...invalid,
    at: name === "bans" ? "body.0.kind" : `body.0.${key}`,
  };
  return {
    valid: async () => ({ query: { existing: "refuse", dryRun: "false" }, body: [await row(), await row()] }),
    proves: async (answer, { body }) => {
      expect(answer).toEqual({ created: 2, replaced: 0, kept: 0, isDryRun: false });
      const again = await manage("POST", `/import/${name}?existing=keep&dryRun=true`, body);
      expect(again).toEqual({ created: 0, replaced: 0, kept: 2, isDryRun: true });
    },
    refused: [
      isThere,
      {
        about: "what is neither true nor false",
        given: { query: { dryRun: "perhaps" } },
        ...invalid,
        at: "query.dryRun",
      },
      ...refused,
    ],
  };
}

const transfers = Object.entries(kinds).flatMap(([name, kind]) => [
  [`GET /export/${name}`, exporting(name, kind)] as const,
  [`POST /import/${name}`, importing(name, kind)] as const,
]);

const backupId = "0b6f4f2e-6d0b-4c55-9f0b-3d9d9a3a0c77";

export const transferRows: Rows = {
  ...Object.fromEntries(transfers),
  "GET /export/audit": {
    valid: async () => {
      await user();
      return { query: { format: "json" } };
    },
    proves: (items) => expect(items[0]).toMatchObject({ action: "user.create" }),
    refused: formats,
  },
  "GET /backup": {
    valid: () => ({ query: {} }),
    proves: (lines) => {
      expect(lines.at(0)).toMatchObject({ kind: "backup", version: 2 });
      expect(lines.at(-1)).toMatchObject({ kind: "page" });
    },
    refused: [{ about: "no cursor", given: { query: { after: "not ours" } }, ...invalid, at: "query.after" }],
  },
  "POST /restore": {
    valid: async () => ({
      query: { backup: backupId, version: "2", existing: "keep" },
      body: [{ kind: "rows", table: "groups", rows: [{ name: uniqueId("restored"), limits: {}, comment: "" }] }],
    }),
    proves: async (lines, { body }) => {
      expect(lines).toMatchObject([{ line: 0, status: 200, taken: 1 }]);
      const [{ rows }] = body as [{ rows: [{ name: string }] }];
      await manage("GET", `/groups/${at(rows[0].name)}`);
    },
    refused: [
      {
        about: "a version that is not read here",
        given: { query: { backup: backupId, version: "99" } },
        status: 400,
        name: "backup-version",
      },
    ],
  },
};
