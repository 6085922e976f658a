// With --json each line that a command prints is a value, so that a script can read them one by one: also of the commands that print one value.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test.each([
  ["doctor", ["doctor", "--offline", "--json"], "findings"],
  ["import", ["import", "mosquitto", "--acl", "test/fixtures/import/mosquitto-acl", "--dry-run", "--json"], "rules"],
  ["gateway", ["gateway", "--port", "0", "--json"], "event"],
])("%s", async (_, args, field) => {
  const { NODE_COMPILE_CACHE: _cache, ...env } = process.env;
  const child = spawn(process.execPath, ["cli/main.ts", ...args], { cwd: root, env });
  const [first] = await once(createInterface({ input: child.stdout }), "line");
  child.kill();
  expect(JSON.parse(first)).toHaveProperty(field);
});
