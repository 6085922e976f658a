// Messages that say the same, more of them than a line of a backup takes: they are as many in the copy, from a file of today and from one
// that was written before lines said which page they are. The same file again brings none of them twice.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs, startBroker, type TestBroker } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { run, start } from "../support/command.ts";
import { useBroker } from "../support/use-broker.ts";

const settings = { env: { ADMIN_KEY: testAdminKey, TOPIC_SHARDS: "4", DIRECTORY_SHARDS: "2" } };
const source = useBroker(settings);
const folder = mkdtempSync(join(tmpdir(), "durablemq-alike-"));
afterAll(() => rmSync(folder, { recursive: true }));

const count = 1_500;
const atOnce = 50;
const clientId = uniqueName("w");
const topic = uniqueName("jobs");

async function api(of: TestBroker, method: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(new URL(`/api/v1${path}`, of.url.replace(/^ws/, "http")), {
    method,
    headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

/** As version 1 of the format had it: lines of shards said nothing of their page. */
const asBefore = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { page, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return `${JSON.stringify(rest["kind"] === "backup" ? { ...rest, version: 1 } : rest)}\n`;
    })
    .join("");

describe.runIf(isOurs)("a group that keeps 1,500 equal messages", () => {
  let text = "";
  beforeAll(async () => {
    await api(source(), "PUT", `/sessions/${clientId}`, { subscriptions: [{ filter: `$share/g/${topic}`, qos: 1 }] });
    for (let at = 0; at < count; at += atOnce) {
      const some = Array.from({ length: atOnce }, () =>
        api(source(), "POST", "/publish", { topic, payload: "run", qos: 1 }),
      );
      await Promise.all(some);
    }
    const file = join(folder, "alike");
    await run(["backup", file], { url: source().url });
    text = readFileSync(file, "utf8");
  });

  test.each([
    ["a file of today", (whole: string) => whole],
    ["a file of version 1", asBefore],
  ])("has them all in the copy, out of %s, and none twice if it comes again", async (_, change) => {
    const file = join(folder, uniqueName("file"));
    writeFileSync(file, change(text));
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.includes('"groups":[{'));
    expect(lines).toHaveLength(3);
    const copy = await startBroker(settings);
    try {
      const restore = async () =>
        JSON.parse((await start(["restore", file, "--json"], { url: copy.url }).ended).output);
      const all = { taken: count + 1, kept: 0, left: 0, failed: 0 };
      expect(await restore()).toMatchObject(all);
      expect(await restore()).toMatchObject({ ...all, taken: 0, kept: count + 1 });
      const worker = await TestClient.connect(copy.url, { clientId, persistent: true });
      expect(await worker.takePayloads(count)).toEqual(Array.from({ length: count }, () => "run"));
      await api(copy, "POST", "/publish", { topic, payload: "end", qos: 1 });
      expect(await worker.takePayloads(1)).toEqual(["end"]);
    } finally {
      await copy.stop();
    }
  });
});
