// Who has a state folder: one process, also of several that ask in the same moment.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identify } from "../../../scripts/process.mjs";

const state = pathToFileURL(join(import.meta.dirname, "..", "..", "..", "scripts", "state.mjs")).href;
/** Says what came of it, and keeps what it has got until it is ended. */
const claim = `
  const { claimState } = await import(${JSON.stringify(state)});
  await claimState(process.argv[1]).then(() => console.log("has it"), (error) => console.log(error.message));
  setInterval(() => {}, 1000);
`;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durablemq-state-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function begin() {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", claim, folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const said = once(child.stdout, "data").then(([chunk]) => `${chunk}`.trim());
  return { child, said, errors: () => errors };
}

test("of four that begin at once one gets it, and the others say who has it", async () => {
  const claims = [begin(), begin(), begin(), begin()];
  const answers = await Promise.all(claims.map(({ said }) => said));
  const holder = claims[answers.indexOf("has it")];
  expect(answers.filter((answer) => answer === "has it")).toHaveLength(1);
  const refusals = answers.filter((answer) => answer !== "has it");
  for (const answer of refusals) expect(answer).toContain(`in use by the broker with process id ${holder?.child.pid}.`);
  expect(claims.map(({ errors }) => errors()).join("")).toBe("");
});

test("who is killed has it no more, and of those that wait for its end one gets it", async () => {
  const first = begin();
  expect(await first.said).toBe("has it");
  const next = [begin(), begin()];
  first.child.kill("SIGKILL");
  const answers = await Promise.all(next.map(({ said }) => said));
  expect(answers.filter((answer) => answer === "has it")).toHaveLength(1);
});

test("a broker of an earlier version, which has no lock, has its folder all the same", async () => {
  const earlier = spawn(process.execPath, ["--eval", "console.log('up'); setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(earlier);
  await once(earlier.stdout, "data");
  writeFileSync(join(folder, "running.json"), JSON.stringify({ launcher: identify(earlier.pid) }));
  expect(await begin().said).toContain(`in use by the broker with process id ${earlier.pid}.`);
  earlier.kill("SIGKILL");
  expect(await begin().said).toBe("has it");
});
