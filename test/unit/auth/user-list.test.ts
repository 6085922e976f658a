import { expect, test } from "vitest";
import { parseUserList } from "../../../src/auth/user-list.ts";
import { formatVerifier, parseVerifier } from "../../../src/auth/verifier.ts";
import { scramEntry } from "../../support/scram-client.ts";

const salt = Buffer.alloc(16, 7);
const alice = scramEntry("alice", "wonderland", salt);
const bob = scramEntry("bob", "builder", salt, 20_000);
const [, verifier = ""] = alice.split(/:(.*)/);

test.each([
  ["nothing", "", []],
  ["white space", " \n\t ", []],
  ["one", alice, ["alice"]],
  ["commas", `${alice},${bob}`, ["alice", "bob"]],
  ["spaces", `${alice} ${bob}`, ["alice", "bob"]],
  ["lines, indented and with commas too", `\n  ${alice},\r\n  ${bob},\n`, ["alice", "bob"]],
])("a list of %s", (_what, text, names) => {
  const { users, problems } = parseUserList(text);
  expect(problems).toEqual([]);
  expect([...users.keys()]).toEqual(names);
});

test("an entry has the iterations, the salt and both keys, and is written as it was read", () => {
  const { users } = parseUserList(bob);
  const found = users.get("bob");
  expect(found).toMatchObject({ iterations: 20_000, salt: new Uint8Array(salt) });
  expect([found?.storedKey.length, found?.serverKey.length]).toEqual([32, 32]);
  expect(found && `bob:${formatVerifier(found)}`).toBe(bob);
});

test("names may have all of printable ASCII but what separates", () => {
  const name = "!\"#$%&'()*+-./0-9;<=>?@A-Z[\\]^_`a-z{|}~";
  expect([...parseUserList(`${name}:${verifier}`).users.keys()]).toEqual([name]);
});

const key = Buffer.alloc(32, 1).toString("base64");
const short = Buffer.alloc(31, 1).toString("base64");
const saltText = salt.toString("base64");
const shape = "the entry of a is not of the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey";
const saltProblem = "the entry of a has a salt that is not 8 to 32 bytes in base64";
const keyProblem = "the entry of a has a key that is not 32 bytes in base64";

test.each([
  ["a name alone", "alice", "entry 1 does not begin with the name of a user and a colon"],
  ["no name", `:${verifier}`, "entry 1 does not begin with the name of a user and a colon"],
  ["a name beyond ASCII", `aliçe:${verifier}`, "entry 1 does not begin with the name of a user and a colon"],
  [
    "a name of 129 characters",
    `${"n".repeat(129)}:${verifier}`,
    "entry 1 does not begin with the name of a user and a colon",
  ],
  ["a user twice", `${alice} ${alice}`, "alice has more than one entry"],
  ["a password", "a:wonderland", shape],
  ["SHA-1", `a:${verifier.replace("256", "1")}`, shape],
  ["what a shell leaves of it between double quotes", "a:SCRAM-SHA-256:salt", shape],
  ["one key", `a:SCRAM-SHA-256$4096:${saltText}$${key}`, shape],
  ["something behind", `a:${verifier}:more`, shape],
  [
    "4,095 iterations",
    `a:SCRAM-SHA-256$4095:${saltText}$${key}:${key}`,
    "the entry of a has 4095 iterations, and 4096 to 10000000 are allowed",
  ],
  [
    "10,000,001 iterations",
    `a:SCRAM-SHA-256$10000001:${saltText}$${key}:${key}`,
    "the entry of a has 10000001 iterations, and 4096 to 10000000 are allowed",
  ],
  ["a salt of 7 bytes", `a:SCRAM-SHA-256$4096:${Buffer.alloc(7).toString("base64")}$${key}:${key}`, saltProblem],
  ["a salt of 33 bytes", `a:SCRAM-SHA-256$4096:${Buffer.alloc(33).toString("base64")}$${key}:${key}`, saltProblem],
  ["a salt that is not base64", `a:SCRAM-SHA-256$4096:salt!$${key}:${key}`, saltProblem],
  ["a StoredKey of 31 bytes", `a:SCRAM-SHA-256$4096:${saltText}$${short}:${key}`, keyProblem],
  ["a ServerKey of 31 bytes", `a:SCRAM-SHA-256$4096:${saltText}$${key}:${short}`, keyProblem],
])("refused: %s", (_what, text, problem) => {
  expect(parseUserList(text).problems).toEqual([problem]);
});

test("all problems are named, and nothing of a verifier", () => {
  const { problems } = parseUserList(`${alice.slice(0, -4)} nobody ${bob}`);
  expect(problems).toHaveLength(2);
  for (const part of verifier.split(/[$:]/).slice(2)) expect(problems.join("\n")).not.toContain(part);
});

test("a verifier is read and written as PostgreSQL writes it", () => {
  const text =
    "SCRAM-SHA-256$4096:H45+UIZiJUcEXrB9SHlv5Q==$I0mc87UotsrnezRKv9Ijqn/zjWMGPVdy1zHPARAGfVs=:nSjwT9LGDmAsMo+GqDmTVEsVtUHTX4yZNEqyjJI7XEA=";
  const read = parseVerifier(text);
  expect(typeof read === "string" ? read : formatVerifier(read)).toBe(text);
});
