// A backup whose file has no room: the command says so and fails, and the same command goes on when there is room. The disk is a limit to
// the size of a file, which cuts a write short as a full one does and needs no rights.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const head = '{"kind":"backup","version":2,"id":"f3a0a3a4-6a0b-4d38-8f0e-5f6a6d3f9c11","atMs":1,"settings":{}}\n';
/** In units of 512 or 1,024 bytes, as the shell has it: more than the small page, less than the large one. */
const limit = 6;

const pageOf = (bytes: number, next: string | null) =>
  `{"kind":"rows","table":"bans","rows":["${"x".repeat(bytes)}"]}\n${JSON.stringify({ kind: "page", next, owed: 0 })}\n`;

let folder = "";
let server: Server;
let pages: readonly string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "backup-full-disk-"));
  server = createServer((request, response) => {
    const after = new URL(request.url ?? "", "http://broker").searchParams.get("after") ?? "0";
    response.end(pages[Number(after)]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function backup(file: string, before: string): Promise<{ code: number | null; errors: string }> {
  // Of the system's own accord a process ends at the limit.
  const listens = "data:text/javascript,process.on('SIGXFSZ',()=>{})";
  const command = [process.execPath, "--import", listens, "cli/main.ts", "backup", file];
  const { port } = server.address() as AddressInfo;
  const { NODE_COMPILE_CACHE: _cache, ...rest } = process.env;
  const child = spawn("sh", ["-c", `${before} exec "$@"`, "sh", ...command, "--api", `http://127.0.0.1:${port}`], {
    cwd: root,
    env: { ...rest, DURABLEMQ_API_KEY: "k" },
  });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, errors };
}

test.each([
  ["its last page", [pageOf(1_000, "1"), pageOf(20_000, null)]],
  ["a page before", [pageOf(1_000, "1"), pageOf(20_000, "2"), pageOf(1_000, null)]],
])("%s does not fit: it fails and says what to do, and then it does it", async (_, those) => {
  pages = [head + those[0], ...those.slice(1)];
  const file = join(folder, `cut-${those.length}`);
  const { code, errors } = await backup(file, `ulimit -f ${limit};`);
  expect([code, errors]).toEqual([1, expect.stringMatching(/EFBIG.*Give the same command again/)]);
  expect(errors).not.toMatch(/\n +at /);
  const cut = readFileSync(file, "utf8");
  expect([pages.join("").startsWith(cut), cut.length > (pages[0]?.length ?? 0)]).toEqual([true, true]);
  expect(await backup(file, "")).toEqual({ code: 0, errors: "" });
  expect(readFileSync(file, "utf8")).toBe(pages.join(""));
});

test("a file that does not say that it is whole is none that is", async () => {
  pages = [`${head}{"next":null,"kind":"page","owed":0}\n`];
  const { code, errors } = await backup(join(folder, "not-whole"), "");
  expect([code, errors]).toEqual([1, expect.stringContaining("is not whole")]);
});
