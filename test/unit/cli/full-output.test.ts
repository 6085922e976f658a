// Standard output into a full disk: the command says so and fails.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test.runIf(existsSync("/dev/full"))("is told in words", async () => {
  const { NODE_COMPILE_CACHE: _cache, ...env } = process.env;
  const command = ["-c", 'exec "$@" > /dev/full', "sh", process.execPath, "cli/main.ts", "doctor", "--offline"];
  const ended = await new Promise((resolve) => {
    execFile("sh", command, { cwd: root, env }, (error, _, errors) => resolve([error?.code, errors]));
  });
  expect(ended).toEqual([1, expect.stringMatching(/^error: what is printed cannot be written: ENOSPC.*\n$/)]);
});
