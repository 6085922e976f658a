// A file that cannot be read or written, to each command that takes one: it says which and why, and shows no code of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { commands } from "../../../cli/commands.ts";
import { Failure } from "../../../cli/failure.ts";

const nowhere = "/nothing/here";
const folder = mkdtempSync(`${tmpdir()}/a-folder-`);
let server: Server;

beforeAll(async () => {
  server = createServer((_, response) => void response.end("name\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => void vi.stubEnv("DURABLEMQ_API_KEY", "k"));
afterEach(() => void vi.unstubAllEnvs());

test.each([
  ["a key", "read", ["clients", "list", "--key-file", nowhere]],
  ["a folder for a key", "read", ["clients", "list", "--key-file", folder]],
  ["a password", "read", ["sub", "a", "--user", "u", "--password-file", nowhere]],
  ["a password of a user", "read", ["users", "add", "anna", "--password-file", nowhere]],
  ["a message", "read", ["pub", "--http", "a", "--file", nowhere]],
  ["a table", "read", ["import", "users", `${nowhere}.csv`]],
  ["a webhook", "read", ["webhooks", "add", "orders", "--file", nowhere]],
  ["sessions", "read", ["provision", "--lines", nowhere]],
  ["a certificate", "read", ["gateway", "--cert", nowhere, "--key", nowhere]],
  ["a folder for a backup to restore", "read", ["restore", folder]],
  ["a folder for a backup", "read", ["backup", folder]],
  ["a backup in a folder that is not there", "written", ["backup", nowhere]],
  ["an export in a folder that is not there", "written", ["export", "users", "--output", nowhere]],
])("%s", async (_, verb, [name = "", ...words]) => {
  const command = await commands.get(name)?.();
  const { port } = server.address() as AddressInfo;
  const takesApi = !["sub", "gateway"].includes(name);
  const api = takesApi ? ["--api", `http://127.0.0.1:${port}`] : [];
  const ended = command?.parseAsync([...words, ...api], { from: "user" });
  await expect(ended).rejects.toThrow(Failure);
  await expect(ended).rejects.toThrow(new RegExp(`^/.* cannot be ${verb}: E[A-Z]+: `));
});
