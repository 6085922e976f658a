// What a user sees of `npm start`: one line that says ready, where to connect, how to try it, and clear words when it cannot.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isOurs } from "../support/broker.ts";
import { eventually, within } from "../support/eventually.ts";

const script = join(import.meta.dirname, "../../scripts/start.mjs");
const started: ChildProcess[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await within("the broker ends", once(child, "exit"), 20_000);
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function start(variables: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), "durablemq-start-"));
  folders.push(folder);
  const child = spawn(process.execPath, [script], { env: { ...process.env, STATE_DIR: folder, ...variables } });
  started.push(child);
  const output = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => (output.out += data));
  child.stderr.on("data", (data: Buffer) => (output.err += data));
  return { child, output };
}

test.runIf(isOurs)("five lines: ready and where, the dashboard and two commands; nothing else", async () => {
  const { output } = await start({ PORT: "0" });
  await eventually("five lines", () => output.out.split("\n").length > 5, 30_000);
  const lines = output.out.trimEnd().split("\n");
  const port = /^DurableMQ is ready: ws:\/\/127\.0\.0\.1:(\d+)\/mqtt$/.exec(lines[0] ?? "")?.[1];
  expect(port).toBeDefined();
  expect(lines.filter((line) => line.includes("ready"))).toHaveLength(1);
  expect(lines[1]).toContain("may connect");
  expect(lines[2]).toContain(`http://127.0.0.1:${port}/`);
  expect(lines[3]).toContain(`npx mqtt sub -v -t 'hello/#' -l ws -h 127.0.0.1 -p ${port}`);
  expect(lines[4]).toContain(`npx mqtt pub -t hello/world -m 'Hello!' -q 1 -l ws -h 127.0.0.1 -p ${port}`);
  expect(lines).toHaveLength(5);
  expect(output.err).toBe("");
});

test.runIf(isOurs).each([
  ["yes", true],
  ["False", false],
])("ALLOW_ANONYMOUS=%s: whether anybody may connect is said as it is", async (value, isOpen) => {
  const { output } = await start({ PORT: "0", ALLOW_ANONYMOUS: value });
  await eventually("its last line", () => output.out.includes("\nPublish: "), 30_000);
  expect(output.out.includes("Anyone on this machine may connect")).toBe(isOpen);
});

test.runIf(isOurs).each([
  ["PORT", "eighty"],
  ["QUEUE_POLICY", "keep-all"],
])("a wrong %s ends it with words that name it", async (name, value) => {
  const { child, output } = await start({ PORT: "0", [name]: value });
  const [code] = await within("it ends", once(child, "exit"), 30_000);
  expect(code).not.toBe(0);
  expect(output.err).toContain(name);
  expect(output.out).not.toContain("ready");
});
