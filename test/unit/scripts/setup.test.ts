// A checkout that this process cannot write to, as that of another user: what is installed runs, and what is missing is said. The folder for
// the lock is a file here, because tests may run as a user who can write everywhere.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const scripts = join(import.meta.dirname, "../../../scripts");
let checkout = "";

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "setup-"));
  for (const folder of ["scripts", "node_modules"]) mkdirSync(join(checkout, folder));
  for (const name of ["setup.mjs", "process.mjs"]) copyFileSync(join(scripts, name), join(checkout, "scripts", name));
  writeFileSync(join(checkout, "package-lock.json"), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
  writeFileSync(
    join(checkout, "scripts/main.mjs"),
    'await (await import("./setup.mjs")).setUp(); console.log("It runs.");',
  );
  writeFileSync(join(checkout, ".tools"), "");
});
afterEach(() => rmSync(checkout, { recursive: true }));

function run(installed: string) {
  writeFileSync(join(checkout, "node_modules/.package-lock.json"), installed);
  const { NODE_COMPILE_CACHE: _cache, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, "scripts/main.mjs")], { env });
  return [status, `${stdout}`, `${stderr}`];
}

test("with its packages", () => {
  expect(run('{"packages":{"node_modules/a":{"version":"1.0.0"}}}')).toEqual([0, "It runs.\n", ""]);
});

test("without one of them", () => {
  expect(run('{"packages":{}}')).toEqual([
    1,
    "",
    expect.stringMatching(/^Packages are missing here, and only who .*\n$/),
  ]);
});
