// `durablemq import`: what files of other brokers become. The Mosquitto files were made by its own tools (mosquitto_passwd,
// mosquitto_ctrl); EMQX's are in the form that its documentation shows.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkPlan } from "../../../cli/import/check.ts";
import { type EmqxHashing, fromEmqxBanned, fromEmqxRules, fromEmqxUsers } from "../../../cli/import/emqx.ts";
import { fromAclFile } from "../../../cli/import/mosquitto-acl.ts";
import { fromDynamicSecurity } from "../../../cli/import/mosquitto-dynsec.ts";
import { fromPasswordFile } from "../../../cli/import/mosquitto-passwords.ts";
import { type ImportPlan, joinPlans, nothing } from "../../../cli/import/plan.ts";
import { isOutdated, isPassword } from "../../../worker/auth/password.ts";

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, "../../fixtures/import", name), "utf8");
}

async function logsIn({ users }: ImportPlan, name: string, password: string): Promise<boolean> {
  const hash = users.find((user) => user.name === name)?.passwordHash;
  return hash !== undefined && isPassword(Buffer.from(password), hash);
}

function ruleLines({ rules }: ImportPlan): string[] {
  return rules.map(({ position, effect, action, subjectKind, subject, filter }) => {
    return [position, effect, action, filter, subjectKind, subject].join(" ").trim();
  });
}

describe("Mosquitto's password file", () => {
  const plan = fromPasswordFile(fixture("mosquitto-passwords"));

  test.each([
    ["roger", "wonderland"],
    ["sensor-1", "pass:word"],
    ["with space", "tea-and-cake"],
  ])("lets %s in with the password it had, and nobody with another", async (name, password) => {
    expect(await logsIn(plan, name, password)).toBe(true);
    expect(await logsIn(plan, name, `${password}!`)).toBe(false);
    expect(await logsIn(plan, name, "")).toBe(false);
    expect(isOutdated(plan.users.find((user) => user.name === name)?.passwordHash ?? "")).toBe(true);
  });

  test("carries nothing else, and leaves nothing behind", () => {
    expect(plan.users.map(({ name }) => name)).toEqual(["roger", "sensor-1", "with space"]);
    expect({ ...plan, users: [] }).toEqual(nothing);
  });

  test.each([
    ["a:plain", "mosquitto_passwd -U"],
    ["a:$argon2id$v=19$m=47104,t=1,p=1$c2FsdA$aGFzaA", "argon2id"],
    ["a:$7$101$not base64$x", "damaged"],
    ["a:$7$100001$c2FsdA==$aGFzaA==", "100000"],
    ["a:$7$0$c2FsdA==$aGFzaA==", "damaged"],
    ["a:$6$c2FsdA==$aGFzaA==", "damaged"],
  ])("%s: the user comes without a password, and why is said", (line, why) => {
    const { users, left } = fromPasswordFile(line);
    expect(users).toMatchObject([{ name: "a" }]);
    expect(users[0]).not.toHaveProperty("passwordHash");
    expect(left).toEqual([{ where: "password of a", why: expect.stringContaining(why) }]);
  });

  test("a line that is none is named", () => {
    expect(fromPasswordFile("# comment\n\nnonsense\n").left).toMatchObject([{ where: "line 3" }]);
  });
});

describe("Mosquitto's ACL file", () => {
  const plan = fromAclFile(fixture("mosquitto-acl"));

  test("becomes rules of users and, for patterns, of everyone; what denies comes first", () => {
    expect(ruleLines(plan)).toEqual([
      "2000 allow all roger/own user roger",
      "2000 allow subscribe site/+/reading user roger",
      "2000 allow publish site/kitchen/command user roger",
      "1000 deny all roger/own/secret user roger",
      "2000 allow all with space/in it user roger",
      "2000 allow all everything/# user with space",
      "2000 allow all device/%u/%c/# everyone",
      "2000 allow subscribe $SYS/broker/connection/%c/state everyone",
    ]);
  });

  test("rights of clients without a name are nobody's, and said", () => {
    expect(plan.left.map(({ where }) => where)).toEqual(["line 2", "line 3", "line 17", "read"]);
  });
});

describe("Mosquitto's dynamic security", () => {
  const plan = fromDynamicSecurity(fixture("mosquitto-dynamic-security.json"));

  test("users keep passwords, groups and whether they are disabled", async () => {
    expect(plan.groups).toEqual(["machines", "visitors"]);
    expect(plan.users).toMatchObject([
      { name: "admin", groups: [], disabled: false },
      { name: "device-7", groups: ["machines"], disabled: false },
      { name: "retired", disabled: true },
      { name: "watcher", groups: [] },
    ]);
    expect(await logsIn(plan, "device-7", "device-password")).toBe(true);
    expect(await logsIn(plan, "device-7", "admin-password")).toBe(false);
    expect(await logsIn(plan, "admin", "admin-password")).toBe(true);
  });

  test("roles become rules of those who have them, by priority", () => {
    expect(ruleLines(plan).filter((line) => !line.includes("admin"))).toEqual([
      "1000 allow subscribe site/# user watcher",
      "100000 deny publish site/secret/# group machines",
      "100001 allow publish site/+/reading group machines",
      "100002 allow subscribe site/+/command group machines",
      "100000 allow subscribe site/# group visitors",
    ]);
  });

  test("what has no counterpart is named", () => {
    expect(plan.left.map(({ where }) => where)).toEqual([
      "client id of watcher",
      "anonymous group visitors",
      "role viewer",
    ]);
  });

  test.each([
    [
      { publishClientSend: true, subscribe: true },
      ["900000 allow publish # everyone", "900001 allow subscribe # everyone"],
      [],
    ],
    [{ publishClientReceive: false }, [], ["defaults"]],
  ])("defaults %j", (defaultACLAccess, rules, left) => {
    const converted = fromDynamicSecurity(JSON.stringify({ defaultACLAccess }));
    expect(ruleLines(converted)).toEqual(rules);
    expect(converted.left.map(({ where }) => where)).toEqual(left);
  });

  test("a user of several groups loses their order, and it is said", () => {
    const clients = [{ username: "u", groups: [{ groupname: "a" }, { groupname: "b" }] }];
    const converted = fromDynamicSecurity(
      JSON.stringify({ clients, groups: [{ groupname: "a" }, { groupname: "b" }] }),
    );
    expect(converted.users).toMatchObject([{ groups: ["a", "b"] }]);
    expect(converted.left).toMatchObject([{ where: "user u" }]);
  });

  test("a file of another shape is refused", () => {
    expect(() => fromDynamicSecurity('{"clients":[{}]}')).toThrow("username");
  });
});

describe("EMQX", () => {
  const hashing: EmqxHashing = { algorithm: "sha256", saltIs: "prefix", iterations: 4096 };

  test("users keep a salted SHA-256; a superuser may do everything; bcrypt is left behind", async () => {
    const plan = fromEmqxUsers(fixture("emqx-users.json"), hashing);
    expect(await logsIn(plan, "myuser1", "mypassword1")).toBe(true);
    expect(await logsIn(plan, "myuser1", "mypassword2")).toBe(false);
    expect(ruleLines(plan)).toEqual(["0 allow all # user myuser1"]);
    expect(plan.left).toEqual([{ where: "password of from-bcrypt", why: expect.stringContaining("bcrypt") }]);
  });

  test("users come as CSV too", async () => {
    const plan = fromEmqxUsers(fixture("emqx-users.csv"), hashing);
    expect(plan.users.map(({ name }) => name)).toEqual(["myuser3", "myuser4"]);
    expect(await logsIn(plan, "myuser3", "mypassword3")).toBe(true);
    expect(ruleLines(plan)).toEqual(["0 allow all # user myuser3"]);
  });

  test.each<[Partial<EmqxHashing>, string]>([
    [{ algorithm: "sha512" }, "not a hash of the kind sha512"],
    [{ algorithm: "pbkdf2-sha256", iterations: 210_000 }, "210000 iterations"],
  ])("with %j nothing is carried over that would not let them in", (other, why) => {
    const { left, users } = fromEmqxUsers(fixture("emqx-users.csv"), { ...hashing, ...other });
    expect(users.every((user) => !("passwordHash" in user))).toBe(true);
    expect(left[0]?.why).toContain(why);
  });

  test("rules keep their order, QoS and placeholders", () => {
    const plan = fromEmqxRules(fixture("emqx-rules.ndjson"));
    expect(ruleLines(plan)).toEqual([
      "2000 allow publish device/%c/up user myuser1",
      "2001 deny all site/one user myuser1",
      "1000 allow all # client gateway-1",
      "900000 deny subscribe $SYS/# everyone",
    ]);
    expect(plan.rules.map(({ qos, retain }) => [qos, retain])).toEqual([
      [[0, 1], undefined],
      [undefined, undefined],
      [undefined, true],
      [undefined, undefined],
    ]);
    expect(plan.left).toHaveLength(2);
  });

  test("bans that still hold are kept, of the kinds that there are", () => {
    const plan = fromEmqxBanned(fixture("emqx-banned.json"), Date.parse("2026-06-01"));
    expect(plan.bans).toEqual([
      { kind: "client", value: "noisy", untilMs: null, comment: "flapping" },
      { kind: "address", value: "192.0.2.7", untilMs: Date.parse("2036-01-01T00:00:00Z"), comment: "from EMQX" },
    ]);
    expect(plan.left).toMatchObject([{ where: "ban of ^bot-.*" }]);
  });
});

test("of a user in two files, what the first leaves open comes from the second", () => {
  const [first, second] = [
    fromPasswordFile("a:plain"),
    fromPasswordFile(fixture("mosquitto-passwords").replace("roger", "a")),
  ];
  expect(joinPlans([first, second]).users[0]).toMatchObject({
    name: "a",
    passwordHash: expect.stringMatching(/^pbkdf2/),
  });
});

test("what the HTTP API would refuse is left behind beforehand", () => {
  const rule = { position: 1, effect: "allow", action: "all", subjectKind: "user", subject: "u", comment: "" } as const;
  const user = { name: "bad\u0007name", groups: [], disabled: false, comment: "" };
  const plan = checkPlan({
    ...nothing,
    users: [user],
    rules: [
      { ...rule, filter: "a/#/b" },
      { ...rule, filter: "$share/g/a" },
    ],
  });
  expect(plan.users).toEqual([]);
  expect(plan.rules).toEqual([]);
  expect(plan.left).toHaveLength(3);
});
