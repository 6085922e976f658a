// A broker that dies in the middle of an answer, to the commands that read long ones.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { backupCommand } from "../../../cli/commands/backup.ts";
import { exportCommand } from "../../../cli/commands/export.ts";
import { provisionCommand } from "../../../cli/commands/provision.ts";
import { restoreCommand } from "../../../cli/commands/restore.ts";
import { traceCommand } from "../../../cli/commands/trace.ts";

const head = '{"kind":"backup","version":1,"id":"f3a0a3a4-6a0b-4d38-8f0e-5f6a6d3f9c11","atMs":1,"settings":{}}\n';
const line = '{"kind":"rows","table":"bans","rows":[{}]}\n';
const end = '{"kind":"page","next":null,"owed":0}\n';
const outcome = '{"line":0,"status":200,"taken":1,"kept":0,"left":0}\n';

let folder = "";
let server: Server;
let answers: ((response: ServerResponse) => void)[] = [];
let sent: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "broken-answers-"));
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      sent.push(body);
      answers.shift()?.(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  sent = [];
  vi.stubEnv("DURABLEMQ_API_KEY", "k");
  for (const word of ["log", "error"] as const) vi.spyOn(console, word).mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const whole = (text: string) => (response: ServerResponse) => void response.end(text);

/** It says so much, and dies. */
const broken = (text: string) => (response: ServerResponse) => {
  response.write(text, () => response.destroy());
};

function run(command: ReturnType<typeof backupCommand>, ...words: readonly string[]): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  return command.parseAsync([...words, "--api", `http://127.0.0.1:${port}`], { from: "user" });
}

test("backup says that the same command goes on, and it does", async () => {
  const file = join(folder, "backup");
  answers = [broken(head + line.slice(0, 9)), whole(head + line + end)];
  await expect(run(backupCommand(), file)).rejects.toThrow("cut short. Give the same command again");
  await run(backupCommand(), file);
  expect(readFileSync(file, "utf8")).toBe(head + line + end);
});

test.each([
  ["export", () => exportCommand(), "users"],
  ["provision", () => provisionCommand(), "--lines"],
])("%s says that the connection broke", async (_name, make, argument) => {
  const file = join(folder, "lines");
  writeFileSync(file, '{"clientId":"a"}\n');
  answers = [broken('{"cli')];
  await expect(run(make(), argument, ...(argument === "--lines" ? [file] : []))).rejects.toThrow(
    "The connection to the broker broke",
  );
});

test("a trace shows what came before", async () => {
  const event = { number: 1, atMs: 0, at: "edge", what: "ping" };
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  answers = [broken(`id: 1\ndata: ${JSON.stringify(event)}\n\n`)];
  await expect(run(traceCommand(), "show", "1", "--json")).rejects.toThrow("The connection to the broker broke");
  expect(write.mock.calls.flat()).toEqual([`${JSON.stringify(event)}\n`]);
});

test("restore sends the lines again", async () => {
  const file = join(folder, "restore");
  writeFileSync(file, head + line + end);
  answers = [broken(""), broken(outcome.slice(0, 9)), whole(outcome)];
  await run(restoreCommand(), file);
  expect([answers, process.exitCode ?? 0]).toEqual([[], 0]);
});

test("restore that was interrupted begins again: it may be for another broker at the same address", async () => {
  const file = join(folder, "interrupted");
  const lines = Array.from({ length: 501 }, () => line);
  writeFileSync(file, [head, ...lines, end].join(""));
  const first = whole(outcome.repeat(500));
  answers = [first, (response) => void response.writeHead(404).end(), first, whole(outcome)];
  await expect(run(restoreCommand(), file)).rejects.toThrow("404");
  sent = [];
  await run(restoreCommand(), file);
  expect(`${sent.join("\n")}\n`).toBe(lines.join(""));
});
