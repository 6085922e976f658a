// Export and import of the tables of the control database, as JSON, JSON lines and CSV.

import { env, exports } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { deviceKeysMax } from "../../worker/admin/device-keys.ts";
import { rulesOfUserMax } from "../../worker/admin/rules.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { api, manage } from "./support/api.ts";
import { Client, doors, uniqueId } from "./support/client.ts";

type Format = "json" | "ndjson" | "csv";
const types: Readonly<Record<Format, string>> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
};
/** What others name comes before them. */
const names = ["groups", "users", "device-keys", "rules", "bans", "templates", "api-keys"] as const;
const stored = ["user", "user_group", "membership", "device_key", "rule", "ban", "session_template", "api_key"];

async function exportOf(name: string, format: Format): Promise<string> {
  const response = await exports.default.fetch(
    new Request(`http://broker/api/v1/export/${name}?format=${format}`, {
      headers: { Authorization: `Bearer ${testAdminKey}` },
    }),
  );
  expect([response.status, response.headers.get("Content-Type")?.split(";")[0]]).toEqual([200, types[format]]);
  expect(response.headers.get("Content-Disposition")).toBe(`attachment; filename="${name}.${format}"`);
  return new TextDecoder().decode(await response.arrayBuffer());
}

async function importOf(name: string, format: Format, text: string, query = "") {
  const response = await exports.default.fetch(
    new Request(`http://broker/api/v1/import/${name}${query}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": types[format] },
      body: text,
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  return { status: response.status, body: (await response.json()) as any };
}

async function wipe(): Promise<void> {
  await env.CONTROL.batch(stored.map((table) => env.CONTROL.prepare(`DELETE FROM ${table}`)));
}

/** Without when a row last changed: an import is a change. */
async function everything(): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (const table of stored) {
    const { results } = await env.CONTROL.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all();
    rows[table] = results.map(({ changed_at_ms: _changed, ...row }) => row);
  }
  return rows;
}

beforeEach(wipe);

describe.each(["json", "ndjson", "csv"] as const)("as %s", (format) => {
  test("all tables come back as they were, with passwords and keys that work", async () => {
    const user = uniqueId("ünï;\\,\"cödé'");
    await manage("POST", "/groups", { name: "=group;one", limits: { inflightMax: 5 }, comment: "=1+1" });
    await manage("POST", "/groups", { name: "two\\", comment: "a, b\r\nc" });
    await manage("POST", "/users", {
      name: user,
      password: "correct horse",
      groups: ["=group;one", "two\\"],
      limits: { queueMessagesMax: 7, connectionsMax: 0 },
    });
    await manage("POST", "/users", { name: "+plain", disabled: true, comment: "'=not a formula" });
    const device = await manage("POST", `/users/${encodeURIComponent(user)}/keys`, { comment: "pump" });
    await manage("POST", "/rules", {
      effect: "deny",
      subjectKind: "everyone",
      filter: "+/secret/#",
      qos: [1, 2],
      position: 7,
    });
    await manage("POST", "/rules", {
      effect: "allow",
      action: "publish",
      subjectKind: "user",
      subject: user,
      filter: "@/%u/#",
      retain: false,
    });
    await manage("POST", "/bans", { kind: "client", value: "-evil", comment: "for good" });
    await manage("POST", "/bans", { kind: "address", value: "192.0.2.7", untilMs: Date.now() + 100_000 });
    await manage("PUT", "/templates/meters", {
      pattern: "meter-*",
      subscriptions: [{ filter: "+/%c", qos: 2, retainHandling: 1 }],
      limits: { queuePolicy: "drop-oldest", sessionExpirySecondsMax: 60 },
    });
    const { key } = await manage("POST", "/api-keys", { name: "=reader", scopes: ["read", "publish"] });
    const before = await everything();
    const files = new Map<string, string>();
    for (const name of names) files.set(name, await exportOf(name, format));
    await wipe();
    for (const name of names) {
      const { status, body } = await importOf(name, format, files.get(name) as string);
      expect([name, status, body.replaced, body.kept, body.isDryRun]).toEqual([name, 200, 0, 0, false]);
    }
    expect(await everything()).toEqual(before);
    expect((await api("GET", "/users", undefined, key)).status).toBe(200);
    for (const password of ["correct horse", device.key]) {
      const client = await Client.connect({ username: user, password });
      expect(client.connack?.returnCode).toBe(0);
    }
    for (const name of names) {
      const again = await importOf(name, format, files.get(name) as string, "?existing=keep");
      expect([again.status, again.body.created, again.body.replaced]).toEqual([200, 0, 0]);
      const replaced = await importOf(name, format, files.get(name) as string, "?existing=replace");
      expect([replaced.status, replaced.body.created, replaced.body.kept]).toEqual([200, 0, 0]);
    }
    expect(await everything()).toEqual(before);
  });

  test.each(names)("an empty table goes out and comes in as nothing: %s", async (name) => {
    const outcome = await importOf(name, format, await exportOf(name, format), "?existing=replace");
    expect([outcome.status, outcome.body.created, outcome.body.replaced]).toEqual([200, 0, 0]);
  });

  test("an empty table is exported", async () => {
    const text = await exportOf("users", format);
    if (format === "json") expect(JSON.parse(text)).toEqual([]);
    if (format === "ndjson") expect(text).toBe("");
    if (format === "csv") expect(text).toMatch(/^name,password,passwordHash,scram,groups,disabled,limits\.\w+.*\r\n$/);
  });

  test("a table of several pages is exported as a whole", async () => {
    const users = Array.from({ length: 1_203 }, (_, index) => ({ name: `user-${String(index).padStart(4, "0")}` }));
    await manage("POST", "/import/users", users);
    const text = await exportOf("users", format);
    const found = text.match(/user-\d{4}/g) ?? [];
    expect(found).toEqual(users.map(({ name }) => name));
  });
});

describe("what is wrong", () => {
  test("is named by line and column, all of it, and nothing is imported", async () => {
    const file = [
      "effect,subjectKind,subject,filter,qos,position",
      "allow,everyone,,rooms/#,,",
      "perhaps,everyone,,a,,",
      'allow,user,anna,"a',
      '",3,x',
    ].join("\n");
    const { status, body } = await importOf("rules", "csv", file);
    expect(status).toBe(400);
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      "line 3, column effect",
      "line 4, column position",
      "line 4, column qos",
    ]);
    expect((await manage("GET", "/rules")).items).toEqual([]);
  });

  test.each([
    ["rules", "effect,subjectKind,filter\nallow,everyone,a\nallow,everyone,a/#/b\n", "line 3, column filter"],
    ["rules", "effect,subjectKind,subject,filter\nallow,everyone,anna,a\n", "line 2, column subject"],
    ["users", "name,groups\nanna,nobodies\n", "line 2, column groups"],
    ["users", "name,password\nanna,short\n", "line 2, column password"],
    ["users", "name,passwordHash\nanna,md5$x\n", "line 2, column passwordHash"],
    ["users", "name,scram\nanna,x\n", "line 2, column scram"],
    ["users", "name,limits.inflightMax\nanna,-1\n", "line 2, column limits.inflightMax"],
    ["users", "name\nanna\nbert\nanna\n", "line 4, column name"],
    ["users", "name,colour\nanna,red\n", "line 1, column colour"],
    ["api-keys", `id,name,scopes,hash\n${"0".repeat(19)},x,everything,${"A".repeat(43)}=\n`, "line 2, column scopes"],
    ["bans", "kind,value\nplanet,mars\n", "line 2, column kind"],
    ["templates", "name,pattern,subscriptions\nx,*,{\n", "line 2, column subscriptions"],
    ["groups", "name\n\n x\n", "line 3, column name"],
  ] as const)("%s: %j is wrong at %s", async (name, text, path) => {
    const { status, body } = await importOf(name, "csv", text);
    expect([status, body.errors[0].path]).toEqual([400, path]);
  });

  test.each([
    ["json", '[{"name":"anna"},{"name":"bert","limits":{"colour":1}}]', "body.1.limits"],
    ["ndjson", '{"name":"anna"}\n{"name":""}\n', "body.1.name"],
    ["ndjson", '{"name":"anna"}\n{"name":\n', "body.1"],
    ["json", '{"name":"anna"}', "body"],
  ] as const)("in %s: %s at %s", async (format, text, path) => {
    const { status, body } = await importOf("users", format, text);
    expect([status, body.errors[0].path]).toEqual([400, path]);
    expect((await manage("GET", "/users")).items).toEqual([]);
  });

  test("one that is there already is refused by name, unless it is said what becomes of it", async () => {
    await manage("POST", "/users", { name: "anna", comment: "before", password: "correct horse" });
    const file = "name,comment\nbert,\nanna,after\n";
    const refused = await importOf("users", "csv", file);
    expect([refused.status, refused.body.errors]).toEqual([
      400,
      [{ path: "line 3, column name", message: "there is anna already" }],
    ]);
    const kept = await importOf("users", "csv", file, "?existing=keep");
    expect(kept.body).toEqual({ created: 1, replaced: 0, kept: 1, isDryRun: false });
    expect(await manage("GET", "/users/anna")).toMatchObject({ comment: "before" });
    const replaced = await importOf("users", "csv", file, "?existing=replace");
    expect(replaced.body).toEqual({ created: 0, replaced: 2, kept: 0, isDryRun: false });
    // It says nothing of her password.
    expect(await manage("GET", "/users/anna")).toMatchObject({ comment: "after", hasPassword: true });
    expect((await importOf("users", "csv", file, "?existing=perhaps")).status).toBe(400);
  });

  test("a dry run says the same and changes nothing", async () => {
    await manage("POST", "/users", { name: "anna" });
    const file = "name\nanna\nbert\n";
    const { body } = await importOf("users", "csv", file, "?existing=replace&dryRun=true");
    expect(body).toEqual({ created: 1, replaced: 1, kept: 0, isDryRun: true });
    expect((await importOf("users", "csv", file, "?dryRun=true")).status).toBe(400);
    expect((await manage("GET", "/users")).items).toHaveLength(1);
  });

  test("more than there may be, more than one request takes, and another kind of body", async () => {
    const templates = Array.from({ length: 201 }, (_, index) => ({ name: `t${index}`, pattern: "*" }));
    const many = await importOf("templates", "json", JSON.stringify(templates));
    expect([many.status, many.body.errors[0].path]).toEqual([400, "body.200.name"]);
    const passwords = Array.from({ length: 101 }, (_, index) => ({ name: `u${index}`, password: "correct horse" }));
    expect((await importOf("users", "json", JSON.stringify(passwords))).body.errors[0].path).toBe("body.100.password");
    const rows = `name\n${Array.from({ length: 10_001 }, (_, index) => `u${index}`).join("\n")}\n`;
    expect((await importOf("users", "csv", rows)).status).toBe(400);
    expect((await importOf("users", "csv", "x".repeat(8 * 1024 * 1024 + 1))).status).toBe(413);
    const plain = await exports.default.fetch(
      new Request("http://broker/api/v1/import/users", {
        method: "POST",
        headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "text/plain" },
        body: "name\nanna\n",
      }),
    );
    expect([plain.status, await plain.text()]).toEqual([415, expect.stringContaining("text/csv")]);
  });
});

test("an import is written down, without what is secret, and holds at once", async () => {
  const user = uniqueId("user");
  await importOf("users", "csv", `name,password\n${user},correct horse\n`);
  const client = await Client.connect({ username: user, password: "correct horse" });
  expect(client.connack?.returnCode).toBe(0);
  const { items } = await manage("GET", "/audit?limit=1");
  expect(items).toMatchObject([{ action: "users.import", subject: "1 users", after: { created: 1, keys: [user] } }]);
  expect(JSON.stringify(items)).not.toContain("correct horse");
  await importOf("users", "json", JSON.stringify([{ name: user, disabled: true }]), "?existing=replace");
  await client.expectClose();
});

describe("who has as many as may be", () => {
  const idOf = (number: number) => `${number}`.padStart(19, "0");
  const kinds = {
    "device-keys": {
      max: deviceKeysMax,
      row: (id: number, user: string) => ({ id: idOf(id), user, hash: `${"A".repeat(43)}=` }),
      field: "user",
    },
    rules: {
      max: rulesOfUserMax,
      row: (id: number, subject: string) => ({
        id: idOf(id),
        effect: "allow",
        subjectKind: subject === "" ? "everyone" : "user",
        subject,
        filter: "a",
      }),
      field: "subject",
    },
  } as const;

  test.each(["device-keys", "rules"] as const)("%s: gets no more by a move, and may swap", async (name) => {
    const { max, row, field } = kinds[name];
    await importOf("users", "csv", "name\nanna\nbert\n");
    const put = (rows: readonly unknown[], query = "?existing=replace") =>
      importOf(name, "json", JSON.stringify(rows), query);
    const of = (user: string, from: number) => Array.from({ length: max }, (_, index) => row(from + index, user));
    expect((await put([...of("anna", 0), ...of("bert", max)])).body).toMatchObject({ created: 2 * max });
    const moved = await put([row(max, "bert"), row(max + 1, "anna"), row(max + 2, "anna")]);
    expect([moved.status, moved.body.errors]).toEqual([
      400,
      [{ path: `body.1.${field}`, message: `there may be ${max}, and there are ${max}` }],
    ]);
    expect((await put([row(max + 1, "anna"), row(0, "bert")])).body).toMatchObject({ replaced: 2 });
    expect((await put([row(2 * max, "bert")])).body.errors).toMatchObject([{ path: `body.0.${field}` }]);
  });

  test("a rule that comes to everyone from a user makes room at the user, and the other way round", async () => {
    const { max, row } = kinds.rules;
    const rows = Array.from({ length: max }, (_, index) => row(index, "anna"));
    expect((await importOf("rules", "json", JSON.stringify([...rows, row(max, "")]))).status).toBe(200);
    const shared = [row(max, "anna")];
    expect((await importOf("rules", "json", JSON.stringify(shared), "?existing=replace")).status).toBe(400);
    const swapped = JSON.stringify([...shared, row(0, "")]);
    expect((await importOf("rules", "json", swapped, "?existing=replace")).body).toMatchObject({ replaced: 2 });
  });
});

test("a device key of a user who is not there is refused", async () => {
  const { status, body } = await importOf(
    "device-keys",
    "csv",
    `id,user,hash\n${"0".repeat(19)},nobody,${"A".repeat(43)}=\n`,
  );
  expect([status, body.title]).toEqual([409, "There is no user nobody."]);
});

test("rules without ids are tried in the order of the file", async () => {
  const rules = ["a", "b", "c", "d"].map((filter) => ({ effect: "allow", subjectKind: "everyone", filter }));
  await importOf("rules", "ndjson", rules.map((rule) => JSON.stringify(rule)).join("\n"));
  const { items } = await manage("GET", "/rules");
  expect(items.map(({ filter }: { filter: string }) => filter)).toEqual(["a", "b", "c", "d"]);
});

test("the audit log is exported, the newest first, and cannot be written to", async () => {
  await manage("POST", "/users", { name: "anna" });
  const text = await exportOf("audit", "csv");
  expect(text.split("\r\n")[1]).toContain("user.create,anna");
  expect((await importOf("audit", "csv", text)).status).toBe(404);
});

test.each(doors)("an imported ban ends a connection without credentials, by %s", async (_, door) => {
  const client = await Client.connect({ version: 5, ...door });
  await importOf("bans", "json", JSON.stringify([{ kind: "client", value: client.id }]));
  expect((await client.expect("disconnect")).reasonCode).toBe(0x98);
});

test("a user of a file that names a group twice is in it once", async () => {
  const name = crypto.randomUUID();
  await api("POST", "/groups", { name });
  const user = { name, groups: [name, name], disabled: false, limits: {}, comment: "" };
  expect((await api("POST", "/import/users", [user])).status).toBe(200);
  expect((await api("GET", `/users/${name}`)).body.groups).toEqual([name]);
});
