// The pages of a backup: how much each costs, whatever there is; what a restore refuses, and what it does with what is due or has no
// room.

import { afterEach, describe, expect, test } from "vitest";
import { livesPerMillisecond } from "../../src/hop/generations.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { eventually } from "../support/eventually.ts";
import { api, manage, send } from "./support/api.ts";
import { linesOf } from "./support/backup.ts";
import { countOf, measure, quiet } from "./support/bill.ts";
import { Client, uniqueId } from "./support/client.ts";
import { closeEndpoints, Endpoint } from "./support/endpoint.ts";

afterEach(closeEndpoints);

const at = encodeURIComponent;
const id = "0b6f4f2e-6d0b-4c55-9f0b-3d9d9a3a0c11";

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
type Json = any;

async function backup(): Promise<Json[]> {
  const all: Json[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const { lines } = await linesOf(`/backup${next === "" ? "" : `?after=${at(next)}`}`);
    all.push(...lines);
    next = lines.at(-1).next;
  }
  return all;
}

async function restore(lines: readonly Json[], query = `backup=${id}&version=2`): Promise<Json[]> {
  const answer = await send(
    new Request(`http://broker/api/v1/restore?${query}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/x-ndjson" },
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
    }),
  );
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return (answer.body as string)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const sessionLine = (clientId: string, more: object = {}) => ({
  kind: "session",
  clientId,
  state: {
    username: null,
    version: 5,
    generation: Date.now() * livesPerMillisecond,
    expirySeconds: 1000,
    expiresAtMs: Date.now() + 1_000_000,
    isProvisioned: true,
    limits: {},
    userLimits: {},
    head: 0,
    inbound: { nextSequence: 1, runs: [] },
    wills: [],
  },
  subscriptions: [],
  segments: [],
  dupBelow: 0,
  isLast: true,
  ...more,
});

const shardLine = (more: object) => ({
  kind: "shard",
  shard: 0,
  page: [] as (string | number)[],
  topicShards: 4,
  topicShardDepth: 2,
  retained: [],
  delayed: [],
  cursors: [],
  groups: [],
  ...more,
});

/** A message of QoS 1. */
function record(topic: string, payload: string): string {
  const bytes = [1, 0, topic.length, ...new TextEncoder().encode(topic + payload)];
  return btoa(String.fromCharCode(0, 0, 0, bytes.length, ...bytes));
}

test("many sessions: each is in it once, and every page is a bounded number of calls and bytes", async () => {
  const prefix = uniqueId("many");
  const count = 400;
  for (let first = 0; first < count; first += 200) {
    const sessions = Array.from({ length: 200 }, (_, index) => ({ clientId: `${prefix}-${first + index}` }));
    expect((await api("POST", "/sessions", sessions)).status).toBe(200);
  }
  const seen: string[] = [];
  const costs: { calls: number; bytes: number; lines: number }[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const calls = countOf("object_calls");
    const { bytes, lines } = await linesOf(`/backup${next === "" ? "" : `?after=${at(next)}`}`);
    costs.push({ calls: countOf("object_calls") - calls, bytes, lines: lines.length });
    for (const { kind, clientId } of lines) if (kind === "session") seen.push(clientId);
    next = lines.at(-1).next;
  }
  expect(seen.filter((clientId) => clientId.startsWith(prefix))).toHaveLength(count);
  expect(new Set(seen).size).toBe(seen.length);
  expect(costs.length).toBeGreaterThan(5);
  const most = (name: keyof (typeof costs)[number]) => Math.max(...costs.map((cost) => cost[name]));
  expect(most("calls")).toBeLessThanOrEqual(200);
  expect(most("lines")).toBeLessThanOrEqual(150);
  expect(most("bytes")).toBeLessThanOrEqual(128 * 1024);
});

test("a queue of 12 MiB: no page is larger than a few MiB, and each costs a call or two", async () => {
  const clientId = uniqueId("long");
  await manage("PUT", `/sessions/${clientId}`, { subscriptions: [{ filter: clientId }] });
  const publisher = await Client.connect();
  for (let index = 0; index < 24; index++) await publisher.deliver(clientId, "x".repeat(512 * 1024), 1);
  await quiet();
  let [pages, bytes] = [0, 0];
  let isIn = 0;
  for (let next: string | null = ""; next !== null; ) {
    const page = await linesOf(`/backup${next === "" ? "" : `?after=${at(next)}`}`);
    isIn += page.lines.filter((line) => line.clientId === clientId).flatMap(({ segments }) => segments).length;
    bytes = Math.max(bytes, page.bytes);
    pages++;
    next = page.lines.at(-1).next;
  }
  expect(isIn).toBe(24);
  expect(pages).toBeGreaterThan(3);
  expect(bytes).toBeLessThan(6 * 1024 * 1024);
  await manage("DELETE", `/sessions/${clientId}`);
});

describe("what a backup is not", () => {
  test.each([
    ["GET", "/backup?after=nothing", "query.after"],
    ["GET", `/backup?after=${btoa(JSON.stringify({ id, place: { at: "moon" } }))}`, "query.after"],
  ])("%s %s: 400", async (method, path, where) => {
    expect(await api(method, path)).toMatchObject({ status: 400, body: { errors: [{ path: where }] } });
  });

  test("of another version it is refused by its number, and nothing is taken in", async () => {
    const clientId = uniqueId();
    const answer = await api("POST", `/restore?backup=${id}&version=3`, [sessionLine(clientId)]);
    expect(answer).toMatchObject({ status: 400, body: { type: "urn:durablemq:problem:backup-version" } });
    expect((await api("GET", `/clients/${clientId}`)).status).toBe(404);
  });

  test.each([
    ["a body that is no base64", { segments: [{ position: 0, count: 1, body: "!" }] }, "body.0.segments.0.body"],
    ["bytes that are no messages", { segments: [{ position: 0, count: 1, body: "AAAA" }] }, "body.0.segments.0.body"],
    [
      "another number of messages",
      { segments: [{ position: 0, count: 2, body: record("a", "b") }] },
      "body.0.segments.0",
    ],
    [
      "a message to a filter",
      { segments: [{ position: 0, count: 1, body: record("a/#/b", "b") }] },
      "body.0.segments.0.body",
    ],
    [
      "a filter that is none",
      { subscriptions: [{ filter: "a/#/b", qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 }] },
      "body.0.subscriptions.0.filter",
    ],
    ["a line that is none", { kind: "moon" }, "body.0.kind"],
    ["a line of a shard that says nothing of its page", { ...shardLine({}), page: undefined }, "body.0.page"],
  ])("%s is refused by its place", async (_, more, path) => {
    const answer = await api("POST", `/restore?backup=${id}&version=2`, [sessionLine(uniqueId(), more)]);
    expect([answer.status, answer.body.errors[0].path]).toEqual([400, path]);
  });

  test.each([
    ["", "query.backup"],
    ["?backup=1&version=2", "query.backup"],
    [`?backup=${id}`, "query.version"],
    [`?backup=${id}&version=2&existing=perhaps`, "query.existing"],
  ])("restore%s: 400", async (query, path) => {
    const answer = await api("POST", `/restore${query}`, [sessionLine(uniqueId())]);
    expect([answer.status, JSON.stringify(answer.body.errors)]).toEqual([400, expect.stringContaining(path)]);
  });
});

describe("a webhook in a backup", () => {
  const sink = {
    usedBelow: 0,
    failures: 0,
    nextAtMs: 0,
    deliveredBatches: 0,
    deliveredMessages: 0,
    failedAttempts: 0,
    deadMessages: 0,
    lastSuccessAtMs: 0,
  };
  const rowsOf = (row: object) => ({ kind: "rows", table: "webhooks", rows: [row] });
  const stateWith = (more: object) => ({ ...sessionLine("x").state, ...more });

  test("is paused, has another secret than it had, and its queue; the same again changes nothing", async () => {
    const name = uniqueId("hook");
    const clientId = `$webhook/${name}`;
    const row = { name, url: "https://example.com/hook", filters: [`${name}/#`], attemptsMax: 5 };
    const segments = [{ position: 3, count: 1, body: record(`${name}/a`, "waits") }];
    const subscriptions = [{ filter: `${name}/a`, qos: 2, noLocal: false, retainAsPublished: true, identifier: 0 }];
    const state = stateWith({ head: 3, expirySeconds: 0xffff_ffff, expiresAtMs: 0, sink: { ...sink, usedBelow: 3 } });
    const lines = [rowsOf(row), sessionLine(clientId, { state, segments, subscriptions })];
    expect(await restore(lines)).toMatchObject([{ taken: 1 }, { status: 200, taken: 1 }]);
    expect(await restore(lines)).toMatchObject([{ kept: 1 }, { kept: 1 }]);
    expect(await manage("GET", `/webhooks/${name}`)).toMatchObject({ attemptsMax: 5, isPaused: true, queue: null });
    const status = { isPaused: true, queueMessages: 1 };
    expect(await manage("GET", `/webhooks/${name}/status`)).toMatchObject(status);
    const publisher = await Client.connect();
    await publisher.deliver(`${name}/a`, "more", 1);
    expect(await manage("GET", `/webhooks/${name}/status`)).toMatchObject({ ...status, queueMessages: 2 });
    const saved = await backup();
    expect(JSON.stringify(saved)).not.toContain("whsec_");
    const own = saved.find((line) => line.kind === "rows" && line.table === "webhooks");
    expect(own.rows).toEqual([expect.objectContaining({ ...row, comment: "", queueMessagesMax: 100_000 })]);
    await manage("DELETE", `/webhooks/${name}`);
  });

  test("that is there stays, or is replaced with its session and keeps its secret", async () => {
    const name = uniqueId("hook");
    const url = "https://example.com/there";
    await manage("POST", "/webhooks", { name, url, filters: ["there"] });
    const other = { name, url: "https://example.com/backup", filters: ["backup"] };
    const subscriptions = [{ filter: "backup", qos: 2, noLocal: false, retainAsPublished: true, identifier: 0 }];
    const lines = [rowsOf(other), sessionLine(`$webhook/${name}`, { state: stateWith({ sink }), subscriptions })];
    expect(await restore(lines)).toMatchObject([{ kept: 1 }, { status: 409 }]);
    expect(await manage("GET", `/webhooks/${name}`)).toMatchObject({ url, isPaused: false });
    expect(await restore(lines, `backup=${id}&version=2&existing=replace`)).toMatchObject([{ taken: 1 }, { taken: 1 }]);
    expect(await manage("GET", `/webhooks/${name}`)).toMatchObject({ ...other, isPaused: true });
    const { items } = await manage("GET", `/sessions/${encodeURIComponent(`$webhook/${name}`)}/subscriptions`);
    expect(items.map(({ filter }: Json) => filter)).toEqual(["backup"]);
    await manage("DELETE", `/webhooks/${name}`);
  });

  test("whose session never comes sends nothing to where it did before, and is whole once it is resumed", async () => {
    const endpoint = new Endpoint();
    const name = uniqueId("hook");
    await manage("POST", "/webhooks", { name, url: endpoint.url, filters: [`${name}/there`], lingerMs: 0 });
    const other = { name, url: "https://example.com/backup", filters: [`${name}/backup`] };
    const replace = `backup=${id}&version=2&existing=replace`;
    expect(await restore([rowsOf(other)], replace)).toMatchObject([{ status: 200, taken: 1 }]);
    const publisher = await Client.connect();
    for (const topic of ["there", "backup"]) await publisher.deliver(`${name}/${topic}`, topic, 1);
    const paused = { isPaused: true, isSending: false, queueMessages: 1 };
    expect(await manage("GET", `/webhooks/${name}/status`)).toMatchObject(paused);
    // The same again, and behind a session of which only a part has come.
    const part = { ...sessionLine(`$webhook/${name}`, { state: stateWith({ sink }) }), isLast: false };
    expect(await restore([part, rowsOf(other)], replace)).toMatchObject([{ taken: 1 }, { status: 200, taken: 1 }]);
    expect((await api("GET", `/webhooks/${name}/status`)).status).toBe(404);
    await restore([{ ...part, state: undefined, isLast: true }], replace);
    expect(await manage("GET", `/webhooks/${name}/status`)).toMatchObject({ isPaused: true });
    await manage("PATCH", `/webhooks/${name}`, { url: endpoint.url });
    await manage("POST", `/webhooks/${name}/resume`);
    await publisher.deliver(`${name}/backup`, "resumed", 1);
    await endpoint.until(1);
    expect(endpoint.payloads).toEqual([["resumed"]]);
    await manage("DELETE", `/webhooks/${name}`);

    const fresh = { ...other, name: uniqueId("hook") };
    await restore([rowsOf(fresh)]);
    await manage("PATCH", `/webhooks/${fresh.name}`, { url: endpoint.url });
    await manage("POST", `/webhooks/${fresh.name}/resume`);
    await publisher.deliver(`${name}/backup`, "to the new one", 1);
    await endpoint.until(2);
    await manage("DELETE", `/webhooks/${fresh.name}`);
  });

  test("whose row is missing is refused, and so is one that this deployment would not have", async () => {
    const missing = sessionLine(`$webhook/${uniqueId()}`, { state: stateWith({ sink }) });
    const local = rowsOf({ name: uniqueId("hook"), url: "https://10.0.0.1/", filters: ["a"] });
    const unbound = rowsOf({ name: uniqueId("hook"), queue: "NOT_THERE", filters: ["a"] });
    expect(await restore([missing, local, unbound])).toMatchObject([
      { status: 409, problem: { title: expect.stringContaining("There is no webhook") } },
      { status: 400, problem: { title: expect.stringContaining("rows.0.url") } },
      { status: 400, problem: { title: expect.stringContaining("rows.0.queue") } },
    ]);
  });

  test.each([
    ["of a client that has a sink", () => sessionLine(uniqueId(), { state: stateWith({ sink }) }), "body.0"],
    ["of a webhook that has none", () => sessionLine("$webhook/a"), "body.0"],
    [
      "with a dead letter that is none",
      () => sessionLine("$webhook/a", { state: stateWith({ sink }), letters: [{ position: 0 }] }),
      "body.0.letters.0",
    ],
  ])("a session %s is refused by its place", async (_, line, path) => {
    const answer = await api("POST", `/restore?backup=${id}&version=2`, [line()]);
    expect([answer.status, answer.body.errors[0].path.startsWith(path)]).toEqual([400, true]);
  });
});

describe("a restore", () => {
  test("leaves alone what is there and not of it, unless it is to be replaced", async () => {
    const clientId = uniqueId("there");
    const topic = uniqueId("kept");
    await manage("PUT", `/sessions/${clientId}`, { expirySeconds: 50 });
    await manage("PUT", `/retained/${topic}`, { payload: "here" });
    await manage("POST", "/users", { name: clientId, comment: "here" });
    const lines = [
      { kind: "rows", table: "users", rows: [{ name: clientId, comment: "backup" }] },
      shardLine({ retained: [record(topic, "backup")] }),
      sessionLine(clientId),
    ];
    const kept = await restore(lines);
    expect(kept).toMatchObject([
      { line: 0, status: 200, taken: 0, kept: 1 },
      { line: 1, status: 200, taken: 0, kept: 1 },
      { line: 2, status: 409, clientId, problem: { title: expect.stringContaining("not of this backup") } },
    ]);
    expect(await manage("GET", `/retained/${topic}`)).toMatchObject({ payload: "here" });
    const replaced = await restore(lines, `backup=${id}&version=2&existing=replace`);
    expect(replaced.map(({ status, taken }) => [status, taken])).toEqual([
      [200, 1],
      [200, 1],
      [200, 1],
    ]);
    expect(await manage("GET", `/clients/${clientId}`)).toMatchObject({ expirySeconds: 1000 });
    expect(await manage("GET", `/users/${clientId}`)).toMatchObject({ comment: "backup" });
    expect(await manage("GET", `/retained/${topic}`)).toMatchObject({ payload: "backup" });
  });

  test("keeps a session from its client until it is whole", async () => {
    const clientId = uniqueId("part");
    const segment = (position: number, payload: string) => ({ position, count: 1, body: record("a", payload) });
    const first = sessionLine(clientId, { segments: [segment(0, "1")], isLast: false });
    const second = { ...sessionLine(clientId, { segments: [segment(1, "2")] }), state: undefined };
    expect(await restore([first])).toMatchObject([{ status: 200, taken: 1 }]);
    const early = await Client.connect({ clientId, version: 5, persistent: true }).catch(
      (error: unknown) => `${error}`,
    );
    expect(`${early}`).toMatch(/137|0x89|busy/i);
    expect((await api("POST", `/sessions/${clientId}/pull`, { messagesMax: 1 })).status).toBe(404);
    expect(await restore([first, second])).toMatchObject([{ status: 200 }, { status: 200 }]);
    const client = await Client.connect({ clientId, version: 5, persistent: true });
    expect((await client.expectPublishes(2)).map(({ payload }) => payload.toString())).toEqual(["1", "2"]);
  });

  test("of a session whose first lines are missing is refused, and one whose time is over is left out", async () => {
    const missing = { ...sessionLine(uniqueId()), state: undefined };
    const over = sessionLine(uniqueId());
    over.state.expiresAtMs = 1;
    expect(await restore([missing, over])).toMatchObject([{ status: 409 }, { status: 200, taken: 0, left: 1 }]);
  });

  test("publishes what fell due meanwhile, once, and gives a group what was kept for it, once", async () => {
    const topic = uniqueId("due");
    const [alone, member] = [await Client.connect(), await Client.connect({ persistent: true })];
    await alone.subscribe(topic, 1);
    await member.subscribe(`$share/g/${topic}/work`, 1);
    const lines = [
      shardLine({ delayed: [{ dueAtMs: 5, publisher: "c:x", body: record(topic, "late") }] }),
      shardLine({ groups: [{ share: `$share/g/${topic}/work`, body: record(`${topic}/work`, "job") }] }),
    ];
    expect(await restore(lines)).toMatchObject([{ taken: 1 }, { taken: 1 }]);
    expect(await restore(lines)).toMatchObject([
      { taken: 0, kept: 1 },
      { taken: 0, kept: 1 },
    ]);
    const [late] = await alone.expectPublishes(1);
    const [job] = await member.expectPublishes(1);
    expect([late?.payload.toString(), job?.payload.toString()]).toEqual(["late", "job"]);
    expect([await alone.pending(), await member.pending()]).toEqual([[], []]);
  });

  test("takes in lines that say the same, each once: they are known by their page", async () => {
    const topic = uniqueId("alike");
    const member = await Client.connect({ persistent: true });
    await member.subscribe(`$share/g/${topic}/work`, 1);
    const groups = [{ share: `$share/g/${topic}/work`, body: record(`${topic}/work`, "job") }];
    const delayed = [{ dueAtMs: Date.now() + 3_600_000, publisher: "c:x", body: record(topic, "late") }];
    const lines = [[], [topic, 0, 1], [topic, 0, 2], ["line", 7]].map((page) => shardLine({ page, groups, delayed }));
    const taken = async (some: readonly object[]) =>
      (await restore(some)).map(({ taken: once, kept }: Json) => [once, kept]);
    // It was interrupted behind the second, and begins again.
    expect(await taken(lines.slice(0, 2))).toEqual([
      [2, 0],
      [2, 0],
    ]);
    expect(await taken([...lines, ...lines])).toEqual([[0, 2], [0, 2], [2, 0], [2, 0], ...lines.map(() => [0, 2])]);
    expect((await member.expectPublishes(4)).map(({ payload }) => payload.toString())).toEqual(lines.map(() => "job"));
    expect(await member.pending()).toEqual([]);
  });

  test("that comes again costs a call for each line, and writes nothing", async () => {
    const topic = uniqueId("again");
    const subscriptions = [{ filter: topic, qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 }];
    const delayed = [{ dueAtMs: Date.now() + 3_600_000, publisher: "c:x", body: record(topic, "late") }];
    const lines = [
      shardLine({ retained: [record(topic, "kept")] }),
      shardLine({ delayed }),
      ...Array.from({ length: 8 }, () => sessionLine(uniqueId("again"), { subscriptions })),
    ];
    await restore(lines);
    const bill = await measure(1, () => restore(lines));
    expect(bill).toMatchObject({ object_calls: lines.length, rows_written: 0 });
  });

  test("into a broker with other shards puts messages where their topics live, and leaves cursors out", async () => {
    const topics = Array.from({ length: 20 }, () => uniqueId("moved"));
    const cursor = { source: "=c:x", generation: 1, sequence: 9, atMs: Date.now() };
    const line = shardLine({
      topicShards: 999,
      shard: 998,
      retained: topics.map((topic) => record(topic, "r")),
      cursors: [cursor],
    });
    expect(await restore([line])).toMatchObject([{ status: 200, taken: 20, left: 1 }]);
    for (const topic of topics) expect(await manage("GET", `/retained/${topic}`)).toMatchObject({ payload: "r" });
  });

  test("publishes a will whose delay was over", async () => {
    const topic = uniqueId("will");
    const client = await Client.connect();
    await client.subscribe(topic, 1);
    const line = sessionLine(uniqueId("willed"));
    const wills = [{ body: record(topic, "gone"), delayMs: 1000, expiryMs: 0, dueAtMs: Date.now() + 1500 }];
    await restore([{ ...line, state: { ...line.state, wills } }]);
    await eventually("the will", async () => (await client.expectPublishes(1))[0]?.payload.toString() === "gone");
  });

  test("is written down", async () => {
    await restore([sessionLine(uniqueId())]);
    await backup();
    const { items } = await manage("GET", "/audit?limit=2");
    expect(items).toMatchObject([{ action: "backup" }, { action: "restore", subject: `${id}: 1 lines` }]);
  });
});
