// `durablemq import` into a broker that runs, through its HTTP API: what is made, what stays, what is refused.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs } from "../support/broker.ts";
import { useBroker } from "../support/use-broker.ts";
import { root } from "../tidy/sources.ts";

const broker = useBroker({ env: { ADMIN_KEY: testAdminKey } });
const files = join(root, "test/fixtures/import");

function address(): string {
  return new URL("/", broker().url.replace(/^ws/, "http")).href;
}

function run(
  args: readonly string[],
  key = testAdminKey,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(root, "scripts/durablemq.mjs"), "import", ...args], {
    env: { ...process.env, DURABLEMQ_API_URL: address(), DURABLEMQ_API_KEY: key },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

async function items(path: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(new URL(`/api/v1${path}`, address()), {
    headers: { Authorization: `Bearer ${testAdminKey}` },
  });
  return ((await answer.json()) as { items: Record<string, unknown>[] }).items;
}

async function namesAt(path: string): Promise<unknown[]> {
  return (await items(path)).map(({ name }) => name);
}

const mosquitto = [
  "mosquitto",
  "--passwords",
  join(files, "mosquitto-passwords"),
  "--acl",
  join(files, "mosquitto-acl"),
];
const dynsec = ["mosquitto", "--dynsec", join(files, "mosquitto-dynamic-security.json")];
const emqx = [
  "emqx",
  "--users",
  join(files, "emqx-users.json"),
  "--acl",
  join(files, "emqx-rules.ndjson"),
  "--banned",
  join(files, "emqx-banned.json"),
];

describe.runIf(isOurs)("import", () => {
  test("IMP-1 a dry run shows everything and makes nothing, without a key", async () => {
    const { code, stdout } = await run([...mosquitto, "--dry-run"], "");
    expect(code).toBe(0);
    expect(stdout).toContain("user   roger");
    expect(stdout).toContain("rule   1000 deny all roger/own/secret for user roger");
    expect(stdout).toContain("left behind: line 2:");
    expect(stdout).not.toMatch(/pbkdf2|\$7\$/);
    expect(await items("/users")).toEqual([]);
    expect(await items("/rules")).toEqual([]);
  });

  test("IMP-2 makes users with their passwords, and rules; a second run changes nothing", async () => {
    const first = await run([...mosquitto, "--json"]);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect(JSON.parse(first.stdout)).toMatchObject({ made: 11, replaced: 0, kept: 0, refused: [] });
    expect(await items("/users")).toMatchObject([
      { name: "roger", hasPassword: true },
      { name: "sensor-1", hasPassword: true },
      { name: "with space", hasPassword: true },
    ]);
    expect(await items("/rules")).toHaveLength(8);
    const second = await run([...mosquitto, "--json"]);
    expect(JSON.parse(second.stdout)).toMatchObject({ made: 0, replaced: 0, kept: 11, refused: [] });
    expect(await items("/rules")).toHaveLength(8);
  });

  test("IMP-3 replaces users that exist only if so asked", async () => {
    const replaced = await run([...mosquitto, "--replace", "--json"]);
    expect(JSON.parse(replaced.stdout)).toMatchObject({ made: 0, replaced: 3, kept: 8, refused: [] });
  });

  test("IMP-4 groups come before their members", async () => {
    const { code, stdout } = await run(dynsec);
    expect(code).toBe(0);
    expect(stdout).toContain("left behind: client id of watcher");
    expect(await namesAt("/groups")).toEqual(["machines", "visitors"]);
    const users = await items("/users");
    expect(users.find(({ name }) => name === "device-7")).toMatchObject({ groups: ["machines"], disabled: false });
    expect(users.find(({ name }) => name === "retired")).toMatchObject({ disabled: true });
  });

  test("IMP-5 EMQX's users, rules and bans", async () => {
    const { code } = await run(emqx);
    expect(code).toBe(0);
    expect(await items("/bans")).toMatchObject([
      { kind: "address", value: "192.0.2.7" },
      { kind: "client", value: "noisy", untilMs: null },
    ]);
    const users = await items("/users");
    expect(users.find(({ name }) => name === "myuser1")).toMatchObject({ hasPassword: true });
    expect(users.find(({ name }) => name === "from-bcrypt")).toMatchObject({ hasPassword: false });
  });

  test.each([
    ["a wrong key", mosquitto, "nothing-that-anybody-was-given", /refuses this key/],
    ["no file", ["mosquitto"], testAdminKey, /name at least one file/],
    ["a file that is not there", ["emqx", "--users", "nowhere.json"], testAdminKey, /nowhere\.json cannot be read/],
    ["a file of another kind", ["mosquitto", "--dynsec", join(files, "mosquitto-acl")], testAdminKey, /cannot be read/],
  ])("IMP-6 %s is said", async (_title, args, key, words) => {
    const { code, stderr } = await run(args, key);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(words);
  });
});
