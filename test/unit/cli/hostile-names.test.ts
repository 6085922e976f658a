// What clients call themselves and what they publish is theirs: a terminal that shows it does not obey it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { provisionCommand } from "../../../cli/commands/provision.ts";
import { restoreCommand } from "../../../cli/commands/restore.ts";
import { retainedCommand } from "../../../cli/commands/retained.ts";

const red = "\u001b[31m";
const shown = "\ufffd[31m";
const backup = [
  '{"kind":"backup","version":2,"id":"f3a0a3a4-6a0b-4d38-8f0e-5f6a6d3f9c11","atMs":1,"settings":{}}',
  '{"kind":"session"}',
  '{"kind":"page","next":null,"owed":0}',
];
const folder = mkdtempSync(join(tmpdir(), "hostile-names-"));
const file = join(folder, "lines");
let server: Server;
let answer: unknown;

beforeAll(async () => {
  server = createServer((_, response) => void response.end(`${JSON.stringify(answer)}\n`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
const said = vi.spyOn(console, "error");
const printed = vi.spyOn(process.stdout, "write");
beforeEach(() => {
  vi.stubEnv("DURABLEMQ_API_KEY", "k");
  said.mockReset();
  printed.mockReset().mockReturnValue(true);
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = 0;
});
afterAll(() => void vi.restoreAllMocks());

function run(command: ReturnType<typeof restoreCommand>, ...words: readonly string[]): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  return command.parseAsync([...words, "--api", `http://127.0.0.1:${port}`], { from: "user" });
}

test("a session that is not restored", async () => {
  writeFileSync(file, `${backup.join("\n")}\n`);
  answer = { line: 0, status: 409, clientId: `a${red}`, problem: { title: "No.", remedy: "Yes." } };
  await run(restoreCommand(), file);
  expect(said).toHaveBeenCalledWith(`a${shown}: No. Yes.`);
});

test("a session that is not made", async () => {
  writeFileSync(file, "{}\n");
  answer = { status: 409, clientId: `a${red}`, problem: { title: "No." } };
  await run(provisionCommand(), "--lines", file);
  expect(said).toHaveBeenCalledWith(`a${shown}: No.`);
});

test.each([
  ["a terminal", true, shown],
  ["a pipe", false, red],
])("a payload, to %s", async (_, isTTY, expected) => {
  const before = process.stdout.isTTY;
  process.stdout.isTTY = isTTY;
  answer = { topic: "a", payload: red, encoding: "text" };
  await run(retainedCommand(), "get", "a");
  process.stdout.isTTY = before;
  expect(`${printed.mock.calls[0]?.[0]}`).toBe(expected);
});
