// Two changes of the control database at once: neither undoes the other, or brings back what the other has taken away.

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { applyWebhook } from "../../worker/admin/webhook-session.ts";
import { banClient } from "../../worker/auth/ban.ts";
import { Control } from "../../worker/d1/control.ts";
import { findOne } from "../../worker/d1/seen.ts";
import { type StoredWebhook, webhookShape } from "../../worker/d1/webhooks.ts";
import { api, manage } from "./support/api.ts";
import { linesOf } from "./support/backup.ts";
import { Client, uniqueId } from "./support/client.ts";
import { changedAtEachRead, endMeanwhile, justAfter, meanwhile } from "./support/meanwhile.ts";

afterEach(endMeanwhile);

/** Of "wonderland". */
const foreignHash =
  "pbkdf2$sha512$101$6IKFH9JG9vEuZKsD$/d4Yt6amaswYmYlf/fqFkpTcE94bmSI9VvZSq/0KxVgWhD55DjXod8BeLizw62r8GZi37H3WagA3Wpi+rSjm8w==";
const url = "https://example.com/";

/** What is made under a name, what changes it, and something else that does. */
const kinds = {
  users: { made: { comment: "" }, one: { comment: "one" }, other: { disabled: true } },
  groups: { made: { comment: "" }, one: { comment: "one" }, other: { limits: { inflightMax: 7 } } },
  webhooks: { made: { url, filters: ["a"] }, one: { comment: "one" }, other: { lingerMs: 7 } },
} as const;

async function auditOf(subject: string) {
  const { items } = await manage("GET", "/audit?limit=1000");
  return items.filter((entry: { subject: string }) => entry.subject === subject).reverse();
}

/** Each entry begins where the one before has ended. */
async function expectChain(subject: string): Promise<void> {
  const entries = await auditOf(subject);
  for (const [index, { before }] of entries.entries())
    expect(before).toEqual(index === 0 ? null : entries[index - 1].after);
}

describe.each(Object.entries(kinds))("%s", (resource, { made, one, other }) => {
  const path = (name: string) => `/${resource}/${name}`;
  async function make(): Promise<string> {
    const name = uniqueId("meanwhile");
    await manage("POST", `/${resource}`, { name, ...made });
    return name;
  }

  test("changed meanwhile: both changes hold", async () => {
    const name = await make();
    meanwhile(() => manage("PATCH", path(name), other));
    expect((await api("PATCH", path(name), one)).body).toMatchObject({ ...one, ...other });
    expect(await manage("GET", path(name))).toMatchObject({ ...one, ...other });
    await expectChain(name);
    await manage("DELETE", path(name));
  });

  test("deleted meanwhile: 404, and it stays away", async () => {
    const name = await make();
    meanwhile(() => manage("DELETE", path(name)));
    expect((await api("PATCH", path(name), one)).status).toBe(404);
    expect((await api("GET", path(name))).status).toBe(404);
  });

  test("deleted and made anew meanwhile: the new one is changed", async () => {
    const name = await make();
    meanwhile(async () => {
      await manage("DELETE", path(name));
      await manage("POST", `/${resource}`, { name, ...made, ...other });
    });
    expect((await api("PATCH", path(name), one)).body).toMatchObject({ ...one, ...other });
    await manage("DELETE", path(name));
  });

  test("made by somebody else meanwhile: 409, and theirs is there", async () => {
    const name = uniqueId("meanwhile");
    meanwhile(() => manage("POST", `/${resource}`, { name, ...made, ...other }));
    const answer = await api("POST", `/${resource}`, { name, ...made, ...one });
    expect([answer.status, answer.body.type]).toEqual([409, "urn:durablemq:problem:conflict"]);
    expect(await manage("GET", path(name))).toMatchObject(other);
    await manage("DELETE", path(name));
  });

  test("changed while it is deleted: it is gone, and the entry says as what", async () => {
    const name = await make();
    meanwhile(() => manage("PATCH", path(name), other));
    expect((await api("DELETE", path(name))).status).toBe(204);
    expect((await api("GET", path(name))).status).toBe(404);
    await expectChain(name);
  });
});

describe("users", () => {
  test("a change that somebody is always ahead of is given up with 409, and nothing of it is done", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    const changes = Array.from(
      { length: 20 },
      (_, index) => () => manage("PATCH", `/users/${name}`, { comment: `${index}` }),
    );
    meanwhile(...changes);
    const { status, body } = await api("PATCH", `/users/${name}`, { disabled: true });
    endMeanwhile();
    expect([status, body]).toMatchObject([
      409,
      { type: "urn:durablemq:problem:changed-meanwhile", remedy: expect.stringContaining("try again") },
    ]);
    expect(await manage("GET", `/users/${name}`)).toMatchObject({ disabled: false, comment: "9" });
    expect(await auditOf(name)).toHaveLength(11);
  });

  test("disabled while a password is hashed: stays disabled, with the new password", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    meanwhile(() => manage("PATCH", `/users/${name}`, { disabled: true }));
    await manage("PATCH", `/users/${name}`, { password: "correct horse" });
    expect(await manage("GET", `/users/${name}`)).toMatchObject({ disabled: true, hasPassword: true });
  });

  test("a group that is deleted meanwhile has no members", async () => {
    const [name, group] = [uniqueId("user"), uniqueId("group")];
    await manage("POST", "/groups", { name: group });
    await manage("POST", "/users", { name });
    meanwhile(() => manage("DELETE", `/groups/${group}`));
    const answer = await api("PATCH", `/users/${name}`, { groups: [group] });
    expect([answer.status, answer.body.errors[0].path]).toEqual([400, "body.groups"]);
    await manage("POST", "/groups", { name: group });
    await manage("PATCH", `/users/${name}`, { groups: [group] });
    meanwhile(() => manage("DELETE", `/groups/${group}`));
    await manage("PATCH", `/users/${name}`, { comment: "says nothing of groups" });
    await manage("POST", "/groups", { name: group });
    expect(await manage("GET", `/users/${name}`)).toMatchObject({ groups: [] });
  });

  test("a user who is deleted meanwhile gets no key", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    meanwhile(() => manage("DELETE", `/users/${name}`));
    expect((await api("POST", `/users/${name}/keys`, {})).status).toBe(404);
    await manage("POST", "/users", { name });
    expect((await manage("GET", `/users/${name}/keys`)).items).toEqual([]);
  });

  test("two who delete the same key: one of them is told that it is gone", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    const { id } = await manage("POST", `/users/${name}/keys`, {});
    meanwhile(() => manage("DELETE", `/users/${name}/keys/${id}`));
    expect((await api("DELETE", `/users/${name}/keys/${id}`)).status).toBe(404);
  });

  test("a hash of another broker is not put in the place of a password that was set meanwhile", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name, passwordHash: foreignHash });
    meanwhile(() => manage("PATCH", `/users/${name}`, { password: "another horse" }));
    await Client.attempt({ username: name, password: "wonderland" });
    endMeanwhile();
    expect((await Client.attempt({ username: name, password: "another horse" })).code).toBe(0);
  });

  test("forty times several at once: who is disabled stays so, and who is deleted stays away", async () => {
    const comments = ["a", "b", "c", "d"];
    for (let round = 0; round < 40; round++) {
      const name = uniqueId("user");
      const path = `/users/${name}`;
      const made = await Promise.all(comments.map((comment) => api("POST", "/users", { name, comment })));
      expect([round, ...made.map(({ status }) => status).sort()]).toEqual([round, 201, 409, 409, 409]);
      const { body } = made.find(({ status }) => status === 201) ?? {};
      expect(await manage("GET", path)).toEqual(body);
      const commented = () => comments.map((comment) => api("PATCH", path, { comment }));
      const changed = await Promise.all([...commented(), api("PATCH", path, { disabled: true }), ...commented()]);
      expect([round, ...changed.map(({ status }) => status)]).toEqual([round, ...changed.map(() => 200)]);
      expect(await manage("GET", path)).toMatchObject({ disabled: true });
      const [deleted] = await Promise.all([api("DELETE", path), ...commented()]);
      expect([round, deleted?.status, (await api("GET", path)).status]).toEqual([round, 204, 404]);
      await expectChain(name);
    }
  });
});

describe("rules", () => {
  const rule = { effect: "allow", subjectKind: "user", subject: "anna", filter: "a" };

  test("replaced meanwhile: the later one holds, and the log says what was before it", async () => {
    const { id } = await manage("POST", "/rules", rule);
    meanwhile(() => manage("PUT", `/rules/${id}`, { ...rule, subject: "bert" }));
    expect(await manage("PUT", `/rules/${id}`, { ...rule, subject: "carl" })).toMatchObject({ subject: "carl" });
    await expectChain(id);
  });

  test("deleted meanwhile: 404, and it stays away", async () => {
    const { id } = await manage("POST", "/rules", rule);
    meanwhile(() => manage("DELETE", `/rules/${id}`));
    expect((await api("PUT", `/rules/${id}`, rule)).status).toBe(404);
    expect((await api("GET", `/rules/${id}`)).status).toBe(404);
  });

  test("replaced while it is deleted: the log says as what it went", async () => {
    const { id } = await manage("POST", "/rules", rule);
    meanwhile(() => manage("PUT", `/rules/${id}`, { ...rule, subject: "bert" }));
    await manage("DELETE", `/rules/${id}`);
    expect((await auditOf(id)).at(-1)).toMatchObject({ action: "rule.delete", before: { subject: "bert" } });
  });
});

describe("templates", () => {
  test("made, replaced and deleted meanwhile: the later word holds, and the log is a chain", async () => {
    const name = uniqueId("template");
    const put = (comment: string) => manage("PUT", `/templates/${name}`, { pattern: `${name}-*`, comment });
    meanwhile(() => put("first"));
    expect(await put("second")).toMatchObject({ comment: "second" });
    meanwhile(() => put("third"));
    expect(await put("fourth")).toMatchObject({ comment: "fourth" });
    await expectChain(name);
    meanwhile(() => manage("DELETE", `/templates/${name}`));
    expect(await put("fifth")).toMatchObject({ comment: "fifth" });
    expect((await auditOf(name)).at(-1)).toMatchObject({ action: "template.put", before: null });
    meanwhile(() => manage("DELETE", `/templates/${name}`));
    expect((await api("DELETE", `/templates/${name}`)).status).toBe(404);
  });
});

describe("bans", () => {
  const bans = async () => (await manage("GET", "/bans?limit=1000")).items;

  test("put and lifted meanwhile: the later word holds", async () => {
    const ban = { kind: "client", value: uniqueId("ban") };
    const path = `/bans/client/${ban.value}`;
    meanwhile(() => manage("POST", "/bans", { ...ban, comment: "first" }));
    await manage("POST", "/bans", { ...ban, comment: "second" });
    await expectChain(`client:${ban.value}`);
    meanwhile(() => manage("DELETE", path));
    await manage("POST", "/bans", { ...ban, comment: "third" });
    expect(await bans()).toContainEqual(expect.objectContaining({ ...ban, comment: "third" }));
    meanwhile(() => manage("DELETE", path));
    expect((await api("DELETE", path)).status).toBe(404);
  });

  test("one for good is not cut short by one that the broker makes", async () => {
    for (const isBefore of [true, false]) {
      const ban = { kind: "client", value: uniqueId("ban") };
      const put = () => manage("POST", "/bans", ban);
      if (isBefore) await put();
      else meanwhile(put);
      await banClient(env, ban.value, Date.now() + 60_000, "too often");
      expect(await bans()).toContainEqual(expect.objectContaining({ ...ban, untilMs: null }));
    }
  });
});

describe("webhooks", () => {
  const sessionPath = (name: string) => `/sessions/${encodeURIComponent(`$webhook/${name}`)}`;

  test("a change that is made true after another is not in its way", async () => {
    const name = uniqueId("hook");
    await manage("POST", "/webhooks", { name, url, filters: ["a"] });
    justAfter(() => manage("PATCH", `/webhooks/${name}`, { filters: ["c"] }));
    await manage("PATCH", `/webhooks/${name}`, { filters: ["b"] });
    expect(await manage("GET", `/webhooks/${name}`)).toMatchObject({ filters: ["c"] });
    const { items } = await manage("GET", `${sessionPath(name)}/subscriptions`);
    expect(items.map(({ filter }: { filter: string }) => filter)).toEqual(["c"]);
    await manage("DELETE", `/webhooks/${name}`);
  });

  test("one that is deleted before a change is made true leaves no session behind", async () => {
    const name = uniqueId("hook");
    await manage("POST", "/webhooks", { name, url, filters: ["a"] });
    justAfter(() => manage("DELETE", `/webhooks/${name}`));
    expect((await api("PATCH", `/webhooks/${name}`, { filters: ["b"] })).status).toBe(404);
    expect((await api("GET", `${sessionPath(name)}/subscriptions`)).status).toBe(404);
  });

  test("one that is made true between the end of its session and of its row leaves none behind either", async () => {
    const name = uniqueId("hook");
    await manage("POST", "/webhooks", { name, url, filters: ["a"] });
    meanwhile(() => manage("PATCH", `/webhooks/${name}`, {}));
    expect((await api("DELETE", `/webhooks/${name}`)).status).toBe(204);
    expect((await api("GET", `${sessionPath(name)}/subscriptions`)).status).toBe(404);
  });

  /** As who changes it has it in hands. */
  async function stored(name: string): Promise<StoredWebhook> {
    await manage("POST", "/webhooks", { name, url, filters: ["a"] });
    return (await findOne(new Control(env.CONTROL), webhookShape, name)).item as StoredWebhook;
  }

  const sessionStatus = async (name: string) => (await api("GET", `${sessionPath(name)}/subscriptions`)).status;

  test("one that is applied between the end of its session and of its row, and found there, leaves none behind", async () => {
    const name = uniqueId("hook");
    const webhook = await stored(name);
    meanwhile(() => applyWebhook(env, webhook, 1));
    await manage("DELETE", `/webhooks/${name}`);
    expect(await sessionStatus(name)).toBe(404);
  });

  test("a session that a deletion has left behind goes when it is deleted again, with 404", async () => {
    const name = uniqueId("hook");
    const webhook = await stored(name);
    await manage("DELETE", `/webhooks/${name}`);
    await applyWebhook(env, webhook, 1);
    expect(await sessionStatus(name)).toBe(200);
    expect((await api("DELETE", `/webhooks/${name}`)).status).toBe(404);
    expect(await sessionStatus(name)).toBe(404);
  });

  test("one that others keep changing: 503 says that the change is stored, and no request goes on for ever", async () => {
    const name = uniqueId("hook");
    await stored(name);
    changedAtEachRead("webhook");
    const { status, body } = await api("PATCH", `/webhooks/${name}`, { lingerMs: 7 });
    endMeanwhile();
    expect([status, body]).toMatchObject([
      503,
      { type: "urn:durablemq:problem:webhook-unreachable", detail: "Others keep changing it." },
    ]);
    expect(await manage("PATCH", `/webhooks/${name}`, {})).toMatchObject({ lingerMs: 7 });
    await manage("DELETE", `/webhooks/${name}`);
  });
});

describe("an import", () => {
  test("that refuses or keeps what is there finds what was made meanwhile", async () => {
    for (const [existing, status] of [
      ["refuse", 400],
      ["keep", 200],
    ] as const) {
      const name = uniqueId("user");
      meanwhile(() => manage("POST", "/users", { name, disabled: true }));
      const answer = await api("POST", `/import/users?existing=${existing}`, [{ name }]);
      expect(answer.status).toBe(status);
      expect(await manage("GET", `/users/${name}`)).toMatchObject({ disabled: true });
    }
  });

  test("that says nothing of a password keeps the one that was set meanwhile", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    meanwhile(() => manage("PATCH", `/users/${name}`, { password: "correct horse" }));
    await manage("POST", "/import/users?existing=replace", [{ name, comment: "imported" }]);
    expect(await manage("GET", `/users/${name}`)).toMatchObject({ comment: "imported", hasPassword: true });
  });

  test("of keys and members: who is deleted meanwhile has none", async () => {
    const [name, group] = [uniqueId("user"), uniqueId("group")];
    await manage("POST", "/users", { name });
    await manage("POST", `/users/${name}/keys`, {});
    const { lines } = await linesOf("/export/device-keys?format=ndjson");
    const keys = lines.filter((key) => key.user === name);
    meanwhile(() => manage("DELETE", `/users/${name}`));
    expect((await api("POST", "/import/device-keys?existing=replace", keys)).status).toBe(409);
    await manage("POST", "/groups", { name: group });
    meanwhile(() => manage("DELETE", `/groups/${group}`));
    expect((await api("POST", "/import/users", [{ name, groups: [group] }])).status).toBe(400);
  });

  test("of a backup is the same, and answers for its line", async () => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    const restore = () =>
      api("POST", `/restore?backup=${crypto.randomUUID()}&version=1&existing=replace`, [
        { kind: "rows", table: "users", rows: [{ name, comment: "restored" }] },
      ]);
    meanwhile(
      async () => {},
      () => manage("PATCH", `/users/${name}`, { password: "correct horse" }),
    );
    expect(JSON.parse((await restore()).body)).toMatchObject({ status: 200, taken: 1 });
    expect(await manage("GET", `/users/${name}`)).toMatchObject({ comment: "restored", hasPassword: true });
    const changes = Array.from(
      { length: 20 },
      (_, index) => () => manage("PATCH", `/users/${name}`, { comment: `${index}` }),
    );
    meanwhile(async () => {}, ...changes);
    const late = JSON.parse((await restore()).body);
    endMeanwhile();
    expect(late).toMatchObject({ status: 409, problem: { remedy: expect.stringContaining("try again") } });
  });
});

test.each([
  ["what cannot be said in UTF-8", "\ud800"],
  ["a character that ends strings elsewhere", "a\u0000b"],
  ["quotes and a line", `'"\\\n`],
])("a row with %s in it can be changed like any other", async (_, comment) => {
  const name = uniqueId("group");
  await manage("POST", "/groups", { name, comment });
  await manage("PATCH", `/groups/${name}`, { limits: { inflightMax: 7 } });
  await manage("DELETE", `/groups/${name}`);
});

test("a row that somebody has written by hand can be changed like any other", async () => {
  const name = uniqueId("group");
  await env.CONTROL.prepare(
    "INSERT INTO user_group (name, limits, created_at_ms, changed_at_ms) VALUES (?, '{ }', 1.5, '2')",
  )
    .bind(name)
    .run();
  await manage("PATCH", `/groups/${name}`, { comment: "c" });
});
