// The HTTP API: who may call it, what it says about what is wrong, and that every change is written down.

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { routes } from "../../worker/admin/routes.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { api, manage, send } from "./support/api.ts";
import { uniqueId } from "./support/client.ts";

const batch = env.CONTROL.batch;
afterEach(() => {
  (env.CONTROL as { batch: unknown }).batch = batch;
});

const problemType = "application/problem+json";

describe("callers", () => {
  test.each([
    ["no key", ""],
    ["a wrong key", "nothing-that-was-ever-given-to-anybody"],
    ["a key of the right form that nobody has", `dmq_${"0".repeat(19)}_${"A".repeat(43)}`],
    ["the key with something behind it", `${testAdminKey}x`],
    ["SQL in place of a key", "dmq_' OR 1=1 --"],
  ])("%s: 401, and what to do", async (_, key) => {
    const { status, type, headers, body } = await api("GET", "/users", undefined, key);
    expect([status, type]).toEqual([401, problemType]);
    expect(headers.get("WWW-Authenticate")).toContain("Bearer");
    expect(body).toMatchObject({ type: "urn:durablemq:problem:unauthorized", status: 401, remedy: expect.any(String) });
  });

  test("every route refuses who has no key", async () => {
    for (const { method, path } of routes) {
      const { status } = await api(method, path.replaceAll(/\{\w+\}/g, "x"), method === "GET" ? undefined : {}, "");
      expect([method, path, status]).toEqual([method, path, 401]);
    }
  });

  test("every route refuses a key without its scope", async () => {
    const publisher = await manage("POST", "/api-keys", { name: "publisher", scopes: ["publish"] });
    const operator = await manage("POST", "/api-keys", { name: "operator", scopes: ["operate"] });
    for (const { method, path, scope } of routes) {
      const { key } = scope === "publish" ? operator : publisher;
      const { status, body } = await api(
        method,
        path.replaceAll(/\{\w+\}/g, "x"),
        method === "GET" ? undefined : {},
        key,
      );
      expect([method, path, status]).toEqual([method, path, 403]);
      expect(body.title).toContain(scope);
    }
  });

  test("who operates may look; who reads may not change", async () => {
    const operator = await manage("POST", "/api-keys", { name: "operator", scopes: ["operate"] });
    const reader = await manage("POST", "/api-keys", { name: "reader", scopes: ["read"] });
    const ban = { kind: "client", value: uniqueId() };
    expect((await api("GET", "/bans", undefined, operator.key)).status).toBe(200);
    expect((await api("GET", "/bans", undefined, reader.key)).status).toBe(200);
    expect((await api("POST", "/bans", ban, operator.key)).status).toBe(201);
    expect((await api("POST", "/bans", ban, reader.key)).status).toBe(403);
  });

  test("a key that is deleted or over is refused at once, and its secret is nowhere", async () => {
    const { key, id } = await manage("POST", "/api-keys", { name: "short", scopes: ["read"] });
    expect((await api("GET", "/users", undefined, key)).status).toBe(200);
    const secret = key.slice(-43);
    const everything = JSON.stringify([
      await manage("GET", "/api-keys"),
      await manage("GET", "/audit"),
      (await env.CONTROL.prepare("SELECT * FROM api_key").all()).results,
    ]);
    expect(everything).toContain(id);
    expect(everything).not.toContain(secret);
    await manage("DELETE", `/api-keys/${id}`);
    expect((await api("GET", "/users", undefined, key)).status).toBe(401);
    const over = await manage("POST", "/api-keys", {
      name: "over",
      scopes: ["read"],
      expiresAtMs: Date.now() + 60_000,
    });
    await env.CONTROL.prepare("UPDATE api_key SET expires_at_ms = 1 WHERE id = ?").bind(over.id).run();
    expect((await api("GET", "/users", undefined, over.key)).status).toBe(401);
  });
});

describe("what is wrong", () => {
  test("a route that is none, and a method that a route does not have", async () => {
    expect(await api("GET", "/nothing")).toMatchObject({ status: 404, type: problemType });
    const { status, headers } = await api("PUT", "/users");
    expect([status, headers.get("Allow")]).toEqual([405, "GET, POST"]);
  });

  test.each([
    ["a field too many", { name: "a", colour: "red" }, "body"],
    ["a name with a line end", { name: "a\nb" }, "body.name"],
    ["a name that begins with a space", { name: " a" }, "body.name"],
    ["a name with a zero-width character", { name: "ad\u200bmin" }, "body.name"],
    ["a short password", { name: "a", password: "short" }, "body.password"],
    ["a limit that is none", { name: "a", limits: { colour: 1 } }, "body.limits"],
    ["a group that is none", { name: "a", groups: ["nobody"] }, "body.groups"],
    ["no object", [], "body"],
  ])("a user with %s", async (_, body, path) => {
    const answer = await api("POST", "/users", body);
    expect([answer.status, answer.type]).toEqual([400, problemType]);
    expect(JSON.stringify(answer.body.errors)).toContain(`"path":"${path}`);
  });

  test.each([
    ["a filter that is none", { filter: "a/#/b" }],
    ["a group of subscribers in the filter", { filter: "$share/g/a" }],
    ["a delay in the filter", { filter: "$delayed/5/a" }],
    ["no subject", { subject: "" }],
    ["a subject for everyone", { subjectKind: "everyone" }],
    ["retain for a subscription", { action: "subscribe", retain: true }],
    ["a QoS that is none", { qos: [3] }],
    ["an effect that is none", { effect: "maybe" }],
  ])("a rule with %s", async (_, part) => {
    const rule = { effect: "allow", subjectKind: "user", subject: "u", filter: "a/+", ...part };
    expect(await api("POST", "/rules", rule)).toMatchObject({ status: 400, type: problemType });
  });

  test("a body that is no JSON, of another type, or too large", async () => {
    const request = (body: string, type: string) =>
      new Request("http://broker/api/v1/users", {
        method: "POST",
        headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": type },
        body,
      });
    expect((await send(request("{", "application/json"))).status).toBe(400);
    expect((await send(request("{}", "text/plain"))).status).toBe(415);
    expect((await send(request(`"${"a".repeat(1024 * 1024)}"`, "application/json"))).status).toBe(413);
  });

  test("an unknown thing is 404, and one that exists is 409", async () => {
    for (const path of ["/users/nobody", "/groups/nobody", "/rules/0", "/users/nobody/keys"]) {
      expect((await api("GET", path)).status).toBe(404);
    }
    for (const path of ["/users/nobody", "/groups/nobody", "/rules/0", "/api-keys/0", "/bans/user/nobody"]) {
      expect((await api("DELETE", path)).status).toBe(404);
    }
    const name = uniqueId("user");
    await manage("POST", "/users", { name });
    expect((await api("POST", "/users", { name })).status).toBe(409);
    await manage("POST", "/groups", { name });
    expect((await api("POST", "/groups", { name })).status).toBe(409);
  });

  test("with the database away: 503, and nothing about why", async () => {
    (env.CONTROL as { batch: unknown }).batch = () => Promise.reject(new Error("secret detail"));
    const { status, type, body } = await api("GET", "/users");
    expect([status, type]).toEqual([503, problemType]);
    expect(JSON.stringify(body)).not.toContain("secret detail");
  });
});

describe("resources", () => {
  test("a user from its making to its end, with groups, keys and rules; all of it is in the audit log", async () => {
    const [name, group] = [uniqueId("user"), uniqueId("group")];
    await manage("POST", "/groups", { name: group, limits: { connectionsMax: 3 } });
    const made = await manage("POST", "/users", { name, password: "correct horse", groups: [group] });
    expect(made).toMatchObject({ name, hasPassword: true, groups: [group], disabled: false });
    const key = await manage("POST", `/users/${name}/keys`, { comment: "first" });
    expect(key.key).toMatch(/^dmk_[\w-]{43}$/);
    const rule = await manage("POST", "/rules", {
      effect: "allow",
      subjectKind: "user",
      subject: name,
      filter: "a/%u/#",
    });
    expect(await manage("GET", `/rules?subjectKind=user&subject=${name}`)).toMatchObject({ items: [rule], next: null });
    await manage("PUT", `/rules/${rule.id}`, {
      effect: "deny",
      subjectKind: "user",
      subject: name,
      filter: "b",
      qos: [2, 1],
    });
    expect(await manage("GET", `/rules/${rule.id}`)).toMatchObject({ effect: "deny", filter: "b", qos: [1, 2] });
    await manage("PATCH", `/users/${name}`, { disabled: true, groups: [], password: "another horse" });
    expect(await manage("GET", `/users/${name}`)).toMatchObject({ disabled: true, groups: [] });
    expect((await manage("GET", `/users/${name}/keys`)).items).toHaveLength(1);
    await manage("DELETE", `/users/${name}`);
    expect((await api("GET", `/rules/${rule.id}`)).status).toBe(404);

    const { items } = await manage("GET", "/audit?limit=7");
    expect(items.map((entry: { action: string }) => entry.action).toReversed()).toEqual([
      "group.create",
      "user.create",
      "device-key.create",
      "rule.create",
      "rule.change",
      "user.change-password",
      "user.delete",
    ]);
    expect(items[1]).toMatchObject({
      actor: "ADMIN_KEY",
      subject: name,
      before: { groups: [group] },
      after: { groups: [] },
    });
    const log = JSON.stringify(items);
    for (const secret of ["correct horse", "another horse", key.key.slice(4), "scrypt"])
      expect(log).not.toContain(secret);
  });

  test.each([
    ["users", { disabled: true, comment: "kept", limits: { queueMessagesMax: 7 } }],
    ["groups", { comment: "kept", limits: { queueMessagesMax: 7 } }],
    ["webhooks", { comment: "kept", url: "https://example.com/", filters: ["kept"], lingerMs: 7 }],
  ])("%s: what a change leaves out stays", async (resource, fields) => {
    const name = uniqueId("kept");
    await manage("POST", `/${resource}`, { name, ...fields });
    for (const [field, value] of [...Object.entries(fields), ["", undefined]] as const) {
      await manage("PATCH", `/${resource}/${name}`, field === "" ? {} : { [field]: value });
      expect(await manage("GET", `/${resource}/${name}`)).toMatchObject(fields);
    }
    await manage("DELETE", `/${resource}/${name}`);
  });

  test("lists come in pages that neither repeat nor leave out", async () => {
    const prefix = uniqueId("page");
    const names = Array.from({ length: 5 }, (_, index) => `${prefix}-${index}`);
    for (const name of names) await manage("POST", "/users", { name });
    const seen: string[] = [];
    for (let after: string | null = prefix; after !== null; ) {
      const found: { items: { name: string }[]; next: string | null } = await manage(
        "GET",
        `/users?limit=2&after=${encodeURIComponent(after)}`,
      );
      seen.push(...found.items.map(({ name }) => name));
      after = found.next;
    }
    expect(seen.filter((name) => name.startsWith(prefix))).toEqual(names);
  });

  test("names with slashes, quotes and percent signs are names like any other", async () => {
    const name = `${uniqueId()}/it's "50%"; DROP TABLE user; --`;
    await manage("POST", "/users", { name });
    expect(await manage("GET", `/users/${encodeURIComponent(name)}`)).toMatchObject({ name });
    await manage("DELETE", `/users/${encodeURIComponent(name)}`);
    expect((await api("GET", `/users/${encodeURIComponent(name)}`)).status).toBe(404);
  });

  test("a ban is put, replaced, listed and lifted", async () => {
    const value = `${uniqueId()}:with:colons`;
    await manage("POST", "/bans", { kind: "client", value, untilMs: Date.now() + 60_000 });
    await manage("POST", "/bans", { kind: "client", value, comment: "for good" });
    const { items } = await manage("GET", "/bans?limit=1000");
    expect(items.filter((ban: { value: string }) => ban.value === value)).toMatchObject([
      { untilMs: null, comment: "for good" },
    ]);
    expect((await api("POST", "/bans", { kind: "user", value, untilMs: 1 })).status).toBe(400);
    await manage("DELETE", `/bans/client/${encodeURIComponent(value)}`);
    expect((await api("DELETE", `/bans/client/${encodeURIComponent(value)}`)).status).toBe(404);
  });
});

describe("documentation", () => {
  test("OpenAPI and a page, for anybody; the page asks no other origin, and runs nothing", async () => {
    const document = await api("GET", "/openapi.json", undefined, "");
    expect(document).toMatchObject({ status: 200, body: { openapi: "3.1.0" } });
    expect(Object.keys(document.body.paths).length).toBe(new Set(routes.map(({ path }) => path)).size);
    const page = await api("GET", "", undefined, "");
    expect([page.status, page.type]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(page.body).not.toMatch(/<script|https?:|src=/i);
    const text = page.body.replaceAll("&#39;", "'").replaceAll("&quot;", '"');
    for (const { summary } of routes) expect(text).toContain(summary);
    expect(page.body.length).toBeLessThan(500_000);
  });
});
