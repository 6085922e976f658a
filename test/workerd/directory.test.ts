// The list of sessions, on real objects: that it comes to know what happens, whatever happens to it, and that a page costs the
// same wherever it stands.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { Entry, SessionState } from "../../src/directory/entry.ts";
import { directoryOf, type ListRequest } from "../../src/directory/listing.ts";
import { DirectoryStore } from "../../src/store/directory-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { listFrom } from "../../worker/admin/list-rounds.ts";
import { configOf } from "../../worker/config.ts";
import { SessionDirectory } from "../../worker/directory/object.ts";
import { directoryName, sessionName } from "../../worker/names.ts";
import { ObjectSql } from "../../worker/sql.ts";
import { eventually } from "../support/eventually.ts";
import { countOf } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { endFaults, everybodySleeps, fail, reset, vanish } from "./support/faults.ts";
import { sessionOf } from "./support/objects.ts";

afterEach(() => {
  vi.useRealTimers();
  endFaults();
  cutClients();
});

const { directoryShards } = configOf(env);

function partOf(clientId: string): DurableObjectStub<SessionDirectory> {
  return env.DIRECTORY.getByName(directoryName(directoryOf(sessionName(clientId), directoryShards)));
}

async function entryOf(clientId: string): Promise<Entry | undefined> {
  return partOf(clientId).entry(sessionName(clientId));
}

function listed(clientId: string, state: SessionState | undefined): Promise<Entry | undefined> {
  return eventually(`${clientId} is listed as ${state}`, async () => {
    const entry = await entryOf(clientId);
    return entry?.state === state ? { entry } : undefined;
  }).then(({ entry }) => entry);
}

test("a session is listed from its first connection to its end", async () => {
  const before = Date.now();
  const client = await Client.connect({ version: 5, persistent: true });
  const connected = await listed(client.id, "connected");
  expect(connected).toMatchObject({ version: 5, disconnectedAtMs: 0, expiresAtMs: 0 });
  expect(connected?.connectedAtMs).toBeGreaterThanOrEqual(before);
  expect(connected?.address).toEqual(expect.any(String));
  await client.disconnect();
  const away = await listed(client.id, "away");
  expect(away).toMatchObject({ connectedAtMs: connected?.connectedAtMs, address: connected?.address });
  expect(away?.expiresAtMs).toBeGreaterThanOrEqual(before + 3_600_000);
  await sessionOf(client.id).manage({ kind: "end" });
  expect(await entryOf(client.id)).toBeUndefined();
});

test("a session that ends with its connection is listed as long as that", async () => {
  const client = await Client.connect();
  await listed(client.id, "connected");
  client.cut();
  await listed(client.id, undefined);
});

test("a provisioned session is listed at once", async () => {
  const clientId = uniqueId();
  const request = { kind: "provision", clientId, expirySeconds: 100, subscriptions: [], limits: {} } as const;
  await sessionOf(clientId).manage(request);
  expect(await entryOf(clientId)).toMatchObject({ state: "provisioned", version: 0 });
});

test("a client id that is too long for a name is listed with the whole of it", async () => {
  const client = await Client.connect({ persistent: true, clientId: `${uniqueId()}${"x".repeat(600)}` });
  expect(await listed(client.id, "connected")).toMatchObject({ clientId: client.id });
});

test("a connection that breaks while its object sleeps is reported when it is noticed", async () => {
  const client = await Client.connect({ persistent: true });
  await listed(client.id, "connected");
  await everybodySleeps();
  await vanish(client);
  await listed(client.id, "away");
});

test("a directory that does not answer is told later", async () => {
  const fault = fail(SessionDirectory.prototype, "report", "before");
  const client = await Client.connect({ persistent: true });
  await fault.reached();
  await eventually("the object has given up for now", async () => {
    return runInDurableObject(sessionOf(client.id), async (_, state) => (await state.storage.getAlarm()) !== null);
  });
  fault.end();
  await runDurableObjectAlarm(sessionOf(client.id));
  await listed(client.id, "connected");
});

test("a new session whose object dies before it was heard of is reported by its alarm", async () => {
  const fault = fail(SessionDirectory.prototype, "report", "before");
  const client = await Client.connect({ persistent: true });
  await fault.reached();
  await reset(sessionOf(client.id));
  fault.end();
  expect(await entryOf(client.id)).toBeUndefined();
  await runDurableObjectAlarm(sessionOf(client.id));
  await listed(client.id, "away");
});

test("what a kill has kept from the directory, its walk finds within a day", async () => {
  const [gone, away, here] = [
    await Client.connect(),
    await Client.connect({ persistent: true }),
    await Client.connect({ persistent: true }),
  ];
  for (const { id } of [gone, away, here]) await listed(id, "connected");
  const fault = fail(SessionDirectory.prototype, "report", "before");
  for (const { id } of [gone, away]) await reset(sessionOf(id));
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 25 * 3_600_000 });
  for (const { id } of [gone, away, here]) {
    await runInDurableObject(partOf(id), (directory) => directory.alarm());
  }
  fault.end();
  expect(await entryOf(gone.id)).toBeUndefined();
  expect(await entryOf(away.id)).toMatchObject({ state: "away" });
  expect(await entryOf(here.id)).toMatchObject({ state: "connected" });
});

test("a report that comes late changes nothing, also after the session's end", async () => {
  const name = "c:late";
  const part = partOf("late");
  const standing = {
    state: "connected",
    clientId: "late",
    username: undefined,
    address: undefined,
    version: 4,
    generation: 1,
    connectedAtMs: 1,
    expiresAtMs: 0,
  } as const;
  expect(await part.report({ name, incarnation: 5, sequence: 1, standing, atMs: 1 })).toEqual({ taken: true });
  expect(await part.report({ name, incarnation: 4, sequence: 9, standing, atMs: 1 })).toEqual({ stale: 5 });
  expect(await part.report({ name, incarnation: 5, sequence: 3, standing: undefined, atMs: 1 })).toEqual({
    taken: true,
  });
  expect(await part.report({ name, incarnation: 5, sequence: 2, standing, atMs: 1 })).toEqual({ taken: true });
  expect(await part.entry(name)).toBeUndefined();
});

test("among 100,000 sessions each page reads the same number of rows, wherever it stands", async () => {
  const count = 100_000;
  const namespace = Array.from({ length: directoryShards }, (_, index) => env.DIRECTORY.getByName(`many-${index}`));
  const names = Array.from({ length: count }, (_, index) => `c:device-${index.toString().padStart(6, "0")}`);
  for (const [index, part] of namespace.entries()) {
    await runInDurableObject(part, (_, { storage }) => {
      const store = new DirectoryStore(new Sql(new ObjectSql(storage)));
      storage.transactionSync(() => {
        for (const name of names) if (directoryOf(name, directoryShards) === index) store.put(entry(name));
      });
    });
  }
  const ask = async (part: number, request: ListRequest) => {
    return (namespace[part] as DurableObjectStub<SessionDirectory>).list(request);
  };
  const list = (request: ListRequest) => listFrom(directoryShards, ask, request);
  const limit = 1_000;
  const read: number[] = [];
  const seen: string[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const from: string = after;
    let page: Awaited<ReturnType<typeof list>> | undefined;
    const listing = async () => {
      page = await list({ after: from, limit });
    };
    const before = countOf("rows_read");
    await listing();
    read.push(countOf("rows_read") - before);
    for (const { name } of page?.entries ?? []) seen.push(name);
    after = page?.after;
  }
  expect(seen).toEqual(names);
  expect(read).toHaveLength(Math.ceil(count / limit));
  expect(Math.max(...read)).toBeLessThanOrEqual(limit * 3);

  const rare = { state: "away", limit: 10 } as const;
  let pages = 0;
  const found: string[] = [];
  for (let after: string | undefined = ""; after !== undefined; pages++) {
    const page = await list({ ...rare, after });
    found.push(...page.entries.map(({ name }) => name));
    after = page.after;
  }
  expect(found).toEqual(["c:device-050000"]);
  expect(pages).toBeLessThanOrEqual(10);
  const withPrefix = await list({ after: "", limit: 50, prefix: "device-07770" });
  expect([withPrefix.entries.length, withPrefix.after]).toEqual([10, undefined]);
});

function entry(name: string): Entry {
  return {
    name,
    clientId: undefined,
    state: name === "c:device-050000" ? "away" : "connected",
    username: "u",
    address: "192.0.2.1",
    version: 5,
    generation: 1,
    connectedAtMs: 1,
    disconnectedAtMs: 0,
    expiresAtMs: 0,
    confirmedAtMs: 1,
    incarnation: 1,
    sequence: 1,
  };
}
