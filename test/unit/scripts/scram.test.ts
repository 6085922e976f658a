// `npm run scram`: what it prints is an entry of SCRAM_USERS that lets in who knows the password.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { challenge, verify } from "../../../src/auth/scram.ts";
import { parseUserList } from "../../../src/auth/user-list.ts";
import { scramServer } from "../../../worker/auth/scram.ts";
import { ScramClient } from "../../support/scram-client.ts";

const script = join(import.meta.dirname, "../../../scripts/scram.mjs");

function run(input: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [script, ...args], { input, encoding: "utf8" });
}

test.each([
  ["pencil", "pencil"],
  ["pencil\n", "pencil"],
  ["pencil\r\n", "pencil"],
  [" a pass phrase, with: all of it! \n", " a pass phrase, with: all of it! "],
])("an entry made with %j lets in %j", (input, password) => {
  const { stdout, stderr } = run(input, "user");
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^user:SCRAM-SHA-256\$4096:\S+\n$/);
  const { users, problems } = parseUserList(stdout);
  expect(problems).toEqual([]);
  const server = scramServer(users);
  const client = new ScramClient("user", password);
  const begun = challenge(server, client.first());
  if (begun.type === "failure") throw new Error(begun.detail);
  const proved = verify(server, begun.exchange, client.final(begun.data));
  expect(proved).toMatchObject({ type: "success", username: "user" });
  expect(client.accepts(proved.type === "success" ? proved.data : undefined)).toBe(true);
});

test("salts differ, and iterations can be chosen", () => {
  const [one, other] = [run("pencil", "user", "5000"), run("pencil", "user", "5000")].map(({ stdout }) => stdout);
  expect(one).toMatch(/^user:SCRAM-SHA-256\$5000:/);
  expect(other).not.toBe(one);
});

test.each([
  ["no user", "pencil", [], "Usage"],
  ["too many arguments", "pencil", ["user", "4096", "more"], "Usage"],
  ["a user name with a colon", "pencil", ["us:er"], "printable ASCII"],
  ["a user name beyond ASCII", "pencil", ["üser"], "printable ASCII"],
  ["4,095 iterations", "pencil", ["user", "4095"], "4096 to 10000000"],
  ["iterations that are no number", "pencil", ["user", "many"], "4096 to 10000000"],
  ["no password", "", ["user"], "one line of printable ASCII"],
  ["two lines", "pen\ncil\n", ["user"], "one line of printable ASCII"],
  ["a password beyond ASCII", "bléistift", ["user"], "one line of printable ASCII"],
])("%s: nothing is printed, and the words say why", (_what, input, args, words) => {
  const { status, stdout, stderr } = run(input, ...args);
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(words);
});
