// The HTTP API calls objects that do not answer: the caller is told which, may ask again, and nothing counts as done.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SessionDirectory } from "../../worker/directory/object.ts";
import { GateObject } from "../../worker/gate/object.ts";
import { sessionName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { api, manage } from "./support/api.ts";
import { uniqueId } from "./support/client.ts";

const { manage: manageSession, fetch } = SessionObject.prototype;
const { list, entry } = SessionDirectory.prototype;
const { announce } = GateObject.prototype;

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => {
  Object.assign(SessionObject.prototype, { manage: manageSession, fetch });
  Object.assign(SessionDirectory.prototype, { list, entry });
  Object.assign(GateObject.prototype, { announce });
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
