// The HTTP API calls objects that do not answer: the caller is told which, may ask again, and nothing counts as done.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SessionDirectory } from "../../worker/directory/object.ts";
import { GateObject } from "../../worker/gate/object.ts";
import { sessionName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { api, manage } from "./support/api.ts";
import { uniqueId } from "./support/client.ts";

const { manage: manageSession, fetch } = SessionObject.prototype;
const { list, entry } = SessionDirectory.prototype;
const { announce } = GateObject.prototype;
const { save, restore } = TopicShard.prototype;

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => {
  Object.assign(SessionObject.prototype, { manage: manageSession, fetch });
  Object.assign(SessionDirectory.prototype, { list, entry });
  Object.assign(GateObject.prototype, { announce });
  Object.assign(TopicShard.prototype, { save, restore });
});

function sayNo(): never {
  throw Object.assign(new Error("the platform says no"), { overloaded: true });
}

async function session(): Promise<string> {
  const id = uniqueId("unreachable");
  await manage("PUT", `/sessions/${id}`, { subscriptions: [{ filter: id }] });
  return id;
}

describe.each([
  ["a client", "GET", (id: string) => `/clients/${id}`, undefined],
  ["the end of a connection", "POST", (id: string) => `/clients/${id}/kick`, undefined],
  ["a batch", "POST", (id: string) => `/sessions/${id}/pull`, {}],
] as const)("UNR-1 %s of a session that does not answer", (_what, method, path, body) => {
  test("is a 503 that names it, and is there when the session is", async () => {
    const id = await session();
    let calls = 0;
    SessionObject.prototype.manage = async () => {
      calls++;
      return sayNo();
    };
    const answer = await api(method, path(id), body);
    expect([answer.status, answer.body.type, calls]).toEqual([503, "urn:durablemq:problem:session-unreachable", 1]);
    SessionObject.prototype.manage = manageSession;
    expect((await api(method, path(id), body)).status).toBe(200);
  });
});

test("UNR-2 a filter's clients, one of which cannot be kicked: a 503, and none is said to be", async () => {
  const id = await session();
  SessionObject.prototype.manage = async () => sayNo();
  const answer = await api("POST", "/kick", { prefix: id, state: "provisioned" });
  expect([answer.status, answer.body.type]).toEqual([503, "urn:durablemq:problem:session-unreachable"]);
});

test.each([
  ["list", "/clients"],
  ["entry", "/clients/%"],
] as const)("UNR-3 a directory that does not answer %s: a 503 that names it", async (method, path) => {
  const id = await session();
  Object.assign(SessionDirectory.prototype, { [method]: async () => sayNo() });
  const answer = await api("GET", path.replace("%", id));
  expect([answer.status, answer.body.type]).toEqual([503, "urn:durablemq:problem:directory-unreachable"]);
});

test("UNR-4 whoever waits for messages, and cannot be told of them, gets what there is", async () => {
  const id = await session();
  let dials = 0;
  SessionObject.prototype.fetch = function (this: SessionObject, request: Request) {
    const { id: own } = (this as unknown as { ctx: DurableObjectState }).ctx;
    if (own.name !== sessionName(id)) return fetch.call(this, request);
    dials++;
    return sayNo();
  };
  const answer = await api("POST", `/sessions/${id}/pull`, { waitSeconds: 5 });
  expect([answer.status, answer.body.messages]).toEqual([200, []]);
  expect(dials).toBe(1);
});

test.each([
  ["a ban", "POST", "/bans", { kind: "client", value: "unreachable" }],
  ["a rule", "POST", "/rules", { effect: "deny", subjectKind: "everyone", filter: "unreachable" }],
] as const)(
  "UNR-6 %s that no gate hears of: a 503 that says it is stored, and how to have it announced",
  async (_what, method, path, body) => {
    GateObject.prototype.announce = async () => sayNo();
    const answer = await api(method, path, body);
    expect([answer.status, answer.body.type]).toEqual([503, "urn:durablemq:problem:not-announced"]);
    expect(answer.body.remedy).toContain("again");
    GateObject.prototype.announce = announce;
    expect((await api(method, path, body)).status).toBe(201);
  },
);

test("UNR-5 a tail whose session does not answer: a 503 that says so", async () => {
  SessionObject.prototype.fetch = () => sayNo();
  const answer = await api("GET", "/tail?filter=a");
  expect([answer.status, answer.body.type]).toEqual([503, "urn:durablemq:problem:session-unreachable"]);
});

const backup = "5e3c8b1e-40a7-4f0f-8f5c-1d6e6c0c9a77";

function cursorAt(place: object): string {
  return Buffer.from(JSON.stringify({ id: backup, place })).toString("base64url");
}

test.each([
  ["a shard", { at: "shards", shard: 0, kind: 0, key: [] }, "shard-unreachable"],
  ["the list of sessions", { at: "sessions", after: "" }, "directory-unreachable"],
  ["a session", { at: "sessions", after: "" }, "session-unreachable"],
])(
  "UNR-7 a page of a backup, and %s does not answer: a 503 that says so, and the page is there later",
  async (_what, place, name) => {
    await session();
    if (name === "shard-unreachable") TopicShard.prototype.save = sayNo;
    if (name === "directory-unreachable") SessionDirectory.prototype.list = sayNo;
    if (name === "session-unreachable") SessionObject.prototype.manage = async () => sayNo();
    const path = `/backup?after=${cursorAt(place)}`;
    const answer = await api("GET", path);
    expect([answer.status, answer.body.type]).toEqual([503, `urn:durablemq:problem:${name}`]);
    Object.assign(TopicShard.prototype, { save });
    Object.assign(SessionDirectory.prototype, { list });
    Object.assign(SessionObject.prototype, { manage: manageSession });
    expect((await api("GET", path)).status).toBe(200);
  },
);

test("UNR-8 lines of a backup that their object does not take in: 503 for those alone, and the same again takes them in", async () => {
  const [topic, clientId] = [uniqueId("restored"), uniqueId("restored")];
  const bytes = [1, 0, topic.length, ...new TextEncoder().encode(`${topic}kept`)];
  const message = Buffer.from([0, 0, 0, bytes.length, ...bytes]).toString("base64");
  const state = {
    username: null,
    version: 5,
    generation: 1,
    expirySeconds: 1000,
    expiresAtMs: 0,
    isProvisioned: true,
    limits: {},
    userLimits: {},
    head: 0,
    inbound: { nextSequence: 1, runs: [] },
    wills: [],
  };
  const lines = [
    { kind: "rows", table: "users", rows: [{ name: clientId }] },
    {
      kind: "shard",
      shard: 0,
      page: [],
      topicShards: 4,
      topicShardDepth: 2,
      retained: [message],
      delayed: [],
      cursors: [],
      groups: [],
    },
    { kind: "session", clientId, state, subscriptions: [], segments: [], dupBelow: 0, isLast: true },
  ];
  const send = async () => {
    const { body } = await api("POST", `/restore?backup=${backup}&version=2`, lines);
    return `${body}`
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status);
  };
  TopicShard.prototype.restore = sayNo;
  SessionObject.prototype.manage = async () => sayNo();
  expect(await send()).toEqual([200, 503, 503]);
  Object.assign(TopicShard.prototype, { restore });
  Object.assign(SessionObject.prototype, { manage: manageSession });
  expect(await send()).toEqual([200, 200, 200]);
  expect(await manage("GET", `/retained/${topic}`)).toMatchObject({ payload: "kept" });
  expect(await manage("GET", `/clients/${clientId}`)).toMatchObject({ state: "provisioned" });
});
