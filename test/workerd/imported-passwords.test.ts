// Password hashes of other brokers: taken by the HTTP API, verified inside the runtime, never shown.

import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { isPassword } from "../../worker/auth/password.ts";
import { counters } from "../../worker/counters.ts";
import { api, manage } from "./support/api.ts";
import { quiet } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";

afterEach(cutClients);

const sha512 =
  "digest$sha512$suffix$AhfLjhPT+WdSy40o$Ye71GlXSLbphP37IAvNFz6Cca25+Zv0i2oagcvvjlgBa+p1+RLDq0aJx/OKOWhVb0iqmKyYhDPBrnlzSyW79pg==";
const pbkdf2 =
  "pbkdf2$sha512$101$6IKFH9JG9vEuZKsD$/d4Yt6amaswYmYlf/fqFkpTcE94bmSI9VvZSq/0KxVgWhD55DjXod8BeLizw62r8GZi37H3WagA3Wpi+rSjm8w==";

async function storedOf(name: string): Promise<string | undefined> {
  const row = await env.CONTROL.prepare("SELECT password FROM user WHERE name = ?")
    .bind(name)
    .first<{ password: string }>();
  return row?.password;
}

test.each([
  [sha512, "pass:word"],
  [pbkdf2, "wonderland"],
])("IMP-10 %s lets in who knows the password", async (passwordHash, password) => {
  const name = uniqueId();
  const shown = await manage("POST", "/users", { name, passwordHash });
  expect(shown).toMatchObject({ name, hasPassword: true });
  expect(JSON.stringify(shown)).not.toContain(passwordHash);
  const stored = await storedOf(name);
  expect(await isPassword(new TextEncoder().encode(password), stored)).toBe(true);
  expect(await isPassword(new TextEncoder().encode(`${password} `), stored)).toBe(false);
});

test("IMP-13 a hash from elsewhere is replaced when its user first logs in, and the password stays", async () => {
  const name = uniqueId();
  await manage("POST", "/users", { name, passwordHash: pbkdf2 });
  await expect(Client.connect({ username: name, password: "alice" })).rejects.toThrow();
  expect(await storedOf(name)).toBe(pbkdf2);
  await Client.connect({ username: name, password: "wonderland" });
  const renewed = await storedOf(name);
  expect(renewed).toMatch(/^scrypt\$/);
  await Client.connect({ username: name, password: "wonderland" });
  expect(await storedOf(name)).toBe(renewed);
  const { items } = await manage("GET", "/audit");
  expect(items[0]).toMatchObject({ action: "user.renew-password-hash", subject: name });
});

test("IMP-14 a hash that is replaced ends no connection that rests on it, and logins at the same time agree", async () => {
  const name = uniqueId();
  await manage("POST", "/users", { name, passwordHash: pbkdf2 });
  const login = { version: 5, username: name, password: "wonderland" } as const;
  const change = env.CONTROL.batch;
  let fails = true;
  // The first login finds the database unable to take another hash: it rests on the old one.
  (env.CONTROL as { batch: unknown }).batch = (statements: D1PreparedStatement[]) =>
    fails && statements.length > 3 && counters.get("control_changes") > changes
      ? Promise.reject(new Error("away"))
      : change.call(env.CONTROL, statements);
  const changes = counters.get("control_changes");
  const first = await Client.connect(login);
  expect(await storedOf(name)).toBe(pbkdf2);
  fails = false;
  const others = await Promise.all([1, 2, 3].map(() => Client.connect(login)));
  (env.CONTROL as { batch: unknown }).batch = change;
  expect(await storedOf(name)).toMatch(/^scrypt\$/);
  // Everybody is looked at anew.
  await manage("PATCH", `/users/${name}`, { comment: "looked at" });
  await quiet();
  for (const client of [first, ...others]) await client.ping();
  await Client.connect(login);
  await manage("PATCH", `/users/${name}`, { password: "another horse battery" });
  for (const client of [first, ...others]) expect((await client.expect("disconnect")).reasonCode).toBe(0x87);
});

test.each(["plain", "pbkdf2$sha512$100001$AQID$AQID", "bcrypt$10$AQID$AQID", ""])(
  "IMP-11 %j is refused by name",
  async (passwordHash) => {
    const { status, body } = await api("POST", "/users", { name: uniqueId(), passwordHash });
    expect(status).toBe(400);
    expect(JSON.stringify(body.errors)).toContain("passwordHash");
  },
);

test("IMP-12 a hash and a password do not go together; a hash replaces a password", async () => {
  const name = uniqueId();
  expect((await api("POST", "/users", { name, passwordHash: sha512, password: "wonderland" })).status).toBe(400);
  await manage("POST", "/users", { name, password: "wonderland" });
  await manage("PATCH", `/users/${name}`, { passwordHash: sha512 });
  expect(await storedOf(name)).toBe(sha512);
  await manage("PATCH", `/users/${name}`, { comment: "later" });
  expect(await storedOf(name)).toBe(sha512);
  await manage("PATCH", `/users/${name}`, { password: null });
  expect(await storedOf(name)).toBeNull();
});
