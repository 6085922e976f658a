// Traces: what they record of a client, an address and a topic filter, on connections that were open before and on later ones, through
// the sleep of everybody, and what they never have.

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { TopicShard } from "../../worker/shard/object.ts";
import { traceStub } from "../../worker/stubs.ts";
import { TraceObject } from "../../worker/trace/object.ts";
import { eventually } from "../support/eventually.ts";
import { addRule, makeUser } from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { countOf, measure, quiet } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { EventStream, leaveStreams } from "./support/event-stream.ts";
import { endFaults, everybodySleeps, fail } from "./support/faults.ts";
import { rowsOf } from "./support/objects.ts";

const made: string[] = [];
afterEach(async () => {
  await leaveStreams();
  cutClients();
  for (const id of made.splice(0)) await api("DELETE", `/traces/${id}`);
});

interface Trace {
  readonly id: string;
  readonly told: number;
  readonly untold: number;
}

async function trace(kind: string, value: string, more: object = {}): Promise<Trace> {
  const answer = await manage("POST", "/traces", { target: { kind, value }, ...more });
  made.push(answer.id);
  return answer;
}

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
type Event = any;

async function eventsOf(id: string): Promise<Event[]> {
  return (await manage("GET", `/traces/${id}/events?limit=1000`)).items;
}

/** Until one of them is as described. */
function seen(id: string, part: object): Promise<Event> {
  return eventually(`an event like ${JSON.stringify(part)}`, async () => {
    const events = await eventsOf(id);
    return events.find((event) => Object.entries(part).every(([name, value]) => event[name] === value));
  });
}

function inShort({ at, what, packet, topic }: Event): string {
  return [at, what, packet, topic].filter(Boolean).join(" ");
}

describe("a client id", () => {
  test("TRC-1 from its CONNECT to its end: packets, decisions, deliveries, in their order", async () => {
    const clientId = uniqueId();
    const { id, untold } = await trace("client", clientId);
    expect(untold).toBe(0);
    const topic = uniqueId("trace/one");
    const client = await Client.connect({ version: 5, clientId, keepalive: 60 });
    await client.subscribe(topic, 1);
    client.publish(topic, "x", 1);
    client.send({ cmd: "puback", messageId: ((await client.next()) as { messageId?: number }).messageId ?? 0 });
    await client.next();
    client.send({ cmd: "pingreq" });
    await client.expect("pingresp");
    client.send({ cmd: "disconnect", reasonCode: 0 });
    await seen(id, { at: "edge", what: "closed" });
    const events = await eventually("both ends", async () => {
      const all = await eventsOf(id);
      return all.some(({ at, what }: Event) => at === "session" && what === "closed") ? all : undefined;
    });
    const edge = events.filter(({ at }) => at === "edge").map(inShort);
    expect(edge).toEqual(["edge connect", "edge admitted", "edge ping", "edge closed"]);
    const session = events.filter(({ at }) => at === "session").map(inShort);
    expect(session.slice(0, 4)).toEqual([
      "session sent CONNACK",
      "session received SUBSCRIBE",
      "session sent SUBACK",
      `session received PUBLISH ${topic}`,
    ]);
    expect(session.slice(4, -2).toSorted()).toEqual([
      `session queued ${topic}`,
      "session received PUBACK",
      "session sent PUBACK",
      `session sent PUBLISH ${topic}`,
    ]);
    expect(session.slice(-2)).toEqual(["session received DISCONNECT", "session closed"]);
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    expect(events.find(({ what }) => what === "connect").detail).toContain("MQTT 5.0, clean start, keep-alive 60 s");
    expect(events.every((event) => event.clientId === clientId)).toBe(true);
  });

  test("TRC-2 a connection that is open, through the sleep of everybody, to the end of the trace and no further", async () => {
    const clientId = uniqueId();
    const topic = uniqueId("trace/open");
    const client = await Client.connect({ version: 5, clientId });
    const { id, told } = await trace("client", clientId);
    expect(told).toBe(1);
    await everybodySleeps();
    await client.deliver(`${topic}/1`, "x", 1);
    await seen(id, { what: "received", topic: `${topic}/1` });
    await everybodySleeps();
    await client.deliver(`${topic}/2`, "x", 1);
    await seen(id, { what: "received", topic: `${topic}/2` });
    await manage("POST", `/traces/${id}/stop`);
    const before = (await eventsOf(id)).length;
    await client.deliver(topic, "x", 1);
    // The first that comes too late says so; then nobody asks any more.
    await quiet();
    const { object_calls } = await measure(1, () => client.deliver(topic, "x", 1));
    expect(object_calls).toBe(1);
    expect(await eventsOf(id)).toHaveLength(before);
    expect(await manage("GET", `/traces/${id}`)).toMatchObject({ ended: "stopped", events: before, missed: 0 });
  });

  test("TRC-3 a session whose client is away: what is queued and what is dropped, after a sleep; then the client that comes", async () => {
    const clientId = uniqueId();
    const topic = uniqueId("trace/away");
    const limits = { queueMessagesMax: 1, queuePolicy: "drop-newest" };
    await manage("PUT", `/sessions/${clientId}`, { subscriptions: [{ filter: topic, qos: 1 }], limits });
    const { id, told } = await trace("client", clientId);
    expect(told).toBe(1);
    await everybodySleeps();
    for (const payload of ["1", "2"]) await manage("POST", "/publish", { topic, payload });
    await seen(id, { what: "queued", topic });
    expect(await seen(id, { what: "dropped" })).toMatchObject({ at: "session", reason: "queue-full" });
    const client = await Client.connect({ version: 5, clientId, clean: false, sessionExpiryInterval: 100 });
    await client.expect("publish");
    await seen(id, { what: "sent", packet: "PUBLISH", topic });
  });

  test("TRC-4 the rule that decided stands beside what was decided", async () => {
    const clientId = uniqueId();
    const topic = uniqueId("trace/rule");
    const denied = await addRule({ subjectKind: "client", subject: clientId, effect: "deny", filter: `${topic}/no` });
    const allowed = await addRule({ subjectKind: "client", subject: clientId, filter: `${topic}/yes` });
    const { id } = await trace("client", clientId);
    const client = await Client.connect({ version: 5, clientId });
    client.publish(`${topic}/yes`, "x", 1);
    await client.expect("puback");
    client.publish(`${topic}/no`, "x", 1);
    await client.expect("puback");
    await seen(id, { what: "received", topic: `${topic}/yes`, rule: `rule ${allowed.id}` });
    await seen(id, { what: "received", topic: `${topic}/no`, rule: `rule ${denied.id}` });
    expect((await seen(id, { what: "denied" })).detail).toContain(`rule ${denied.id}`);
    expect((await seen(id, { what: "admitted" })).detail).toContain("access rules that concern it: 2");
  });
});

describe("an address", () => {
  const address = (): string => `192.0.2.${Math.floor(Math.random() * 250)}/${uniqueId()}`;

  test("TRC-5 who is refused there is in it, with the reason and without what it showed", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const at = address();
    const { id } = await trace("address", at);
    const secret = uniqueId("not-to-be-seen");
    const headers = { "CF-Connecting-IP": at };
    const user = await makeUser([], { password: "another that is right" });
    const client = await Client.attempt({ version: 5, username: user.name, password: secret, headers });
    expect(client.code).toBe(0x86);
    const event = await seen(id, { what: "refused", address: at });
    expect(event.reason).toBe("Bad user name or password");
    expect(await seen(id, { what: "connect" })).toMatchObject({ user: user.name });
    expect(JSON.stringify(await eventsOf(id))).not.toContain(secret);
  });

  test("TRC-6 connections that are open there are followed at once, and others are not", async () => {
    const at = address();
    const headers = { "CF-Connecting-IP": at };
    const [here, elsewhere] = [await Client.connect({ headers }), await Client.connect()];
    await quiet();
    const { id, told } = await trace("address", at);
    expect(told).toBe(1);
    const topic = uniqueId("trace/address");
    await elsewhere.deliver(`${topic}/elsewhere`, "x", 1);
    await here.deliver(`${topic}/here`, "x", 1);
    await seen(id, { what: "received", topic: `${topic}/here` });
    expect(JSON.stringify(await eventsOf(id))).not.toContain("elsewhere");
  });
});

describe("a topic filter", () => {
  test("TRC-7 how many sessions each message is routed to, and which, after a sleep of the shard", async () => {
    const base = uniqueId("trace/filter");
    const [one, two] = [await Client.connect(), await Client.connect()];
    await one.subscribe(`${base}/+`, 1);
    await two.subscribe(`${base}/a`, 0);
    const { id, told } = await trace("topic", `${base}/#`);
    expect(told).toBe(1);
    await everybodySleeps();
    const publisher = await Client.connect();
    await publisher.deliver(`${base}/a`, "x", 1);
    await publisher.deliver(`${base}/b/c`, "xy", 2);
    const first = await seen(id, { what: "routed", topic: `${base}/a` });
    expect(first).toMatchObject({ at: "shard", clientId: publisher.id, targets: 2, qos: 1, payloadBytes: 1 });
    expect(first.sessions.toSorted()).toEqual([one.id, two.id].toSorted());
    expect(await seen(id, { what: "routed", topic: `${base}/b/c` })).toMatchObject({ targets: 0, qos: 2 });
    await publisher.deliver(`${base}-other/a`, "x", 1);
    expect((await eventsOf(id)).map(inShort)).toHaveLength(2);
  });

  test("TRC-8 a filter with a wildcard in front is told to all shards; one that is over costs no calls", async () => {
    const { id, told } = await trace("topic", "+/+/traced");
    expect(told).toBe(16);
    const topic = `${uniqueId()}/b/traced`;
    const publisher = await Client.connect();
    await publisher.deliver(topic, "x", 1);
    await seen(id, { what: "routed", topic });
    await manage("POST", `/traces/${id}/stop`);
    await publisher.deliver(topic, "x", 1);
    const { object_calls } = await measure(1, () => publisher.deliver(topic, "x", 1));
    expect(object_calls).toBe(1);
  });
});

describe("payloads", () => {
  test("TRC-9 are in no trace that was not made to have them", async () => {
    const topic = uniqueId("trace/plain");
    const { id } = await trace("topic", topic);
    await manage("POST", "/publish", { topic, payload: "a secret" });
    await seen(id, { what: "routed" });
    expect(JSON.stringify(await eventsOf(id))).not.toContain("a secret");
  });

  test("TRC-10 are there otherwise, the beginning of them, for those who may see payloads", async () => {
    const topic = uniqueId("trace/payload");
    const { id } = await trace("topic", topic, { payload: true });
    const { key } = await manage("POST", "/api-keys", { name: uniqueId("reader"), scopes: ["read"] });
    await manage("POST", "/publish", { topic, payload: `text ${"x".repeat(5_000)}` });
    await manage("POST", "/publish", { topic, payload: "/w==", encoding: "base64" });
    const [first, second] = await eventually("both", async () => {
      const events = await eventsOf(id);
      return events.length === 2 ? events : undefined;
    });
    expect([first.payload.length, first.payloadBytes, first.encoding]).toEqual([1_024, 5_005, "text"]);
    expect([second.payload, second.encoding]).toEqual(["/w==", "base64"]);
    for (const path of ["events", "live"]) {
      const { status, body } = await api("GET", `/traces/${id}/${path}`, undefined, key);
      expect([status, body.type]).toEqual([403, "urn:durablemq:problem:scope-missing"]);
    }
    expect((await api("GET", `/traces/${id}`, undefined, key)).status).toBe(200);
  });
});

describe("reading", () => {
  test("TRC-11 live: what was before, what comes, also over a sleep, and the end; who comes back goes on behind", async () => {
    const topic = uniqueId("trace/live");
    const { id } = await trace("topic", topic);
    await manage("POST", "/publish", { topic, payload: "1" });
    await seen(id, { what: "routed" });
    const live = await EventStream.open(`/traces/${id}/live`);
    expect(await live.next()).toMatchObject({ id: "1", data: { what: "routed", topic } });
    await everybodySleeps();
    await manage("POST", "/publish", { topic, payload: "2" });
    expect(await live.next()).toMatchObject({ id: "2" });
    const again = await EventStream.open(`/traces/${id}/live`, { "Last-Event-ID": "1" });
    expect(await again.next()).toMatchObject({ id: "2" });
    await manage("POST", `/traces/${id}/stop`);
    expect(await live.next()).toMatchObject({ event: "end", data: { why: "stopped" } });
    expect(await live.next()).toBe(undefined);
    const late = await EventStream.open(`/traces/${id}/live?after=1`);
    expect(await late.next()).toMatchObject({ id: "2" });
    expect(await late.next()).toMatchObject({ event: "end", data: { why: "stopped" } });
  });

  test("TRC-12 in pages, each of which costs what it shows", async () => {
    const topic = uniqueId("trace/pages");
    const { id } = await trace("topic", topic);
    for (let index = 0; index < 25; index++) await manage("POST", "/publish", { topic, payload: `${index}` });
    await eventually("all", async () => (await eventsOf(id)).length === 25);
    const numbers: number[] = [];
    for (let after = 0; ; ) {
      const page = await manage("GET", `/traces/${id}/events?limit=10&after=${after}`);
      numbers.push(...page.items.map(({ number }: Event) => number));
      if (page.next === null) break;
      after = page.next;
    }
    expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  test("TRC-13 a trace that nobody reads and that hears nothing wakes nobody, and ends by its alarm; later nothing is left", async () => {
    const { id } = await trace("topic", uniqueId("trace/idle"), { seconds: 1 });
    const live = await EventStream.open(`/traces/${id}/live`);
    await everybodySleeps();
    expect(await live.next()).toMatchObject({ event: "end", data: { why: "time" } });
    expect(await manage("GET", `/traces/${id}`)).toMatchObject({ ended: "time", events: 0 });
    const stub = traceStub(env, id);
    expect(await rowsOf(stub, "state")).toBe(1);
    // The day is over.
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rowsOf(stub, "state")).toBe(0);
  });

  test("TRC-14 deleted: gone from the list, and its object keeps nothing", async () => {
    const topic = uniqueId("trace/gone");
    const { id } = await trace("topic", topic);
    await manage("POST", "/publish", { topic, payload: "1" });
    await seen(id, { what: "routed" });
    expect((await manage("GET", "/traces")).items.map((one: Trace) => one.id)).toContain(id);
    expect((await api("DELETE", `/traces/${id}`)).status).toBe(204);
    expect((await manage("GET", "/traces")).items.map((one: Trace) => one.id)).not.toContain(id);
    expect((await api("GET", `/traces/${id}/events`)).status).toBe(404);
    expect(await rowsOf(traceStub(env, id), "batch")).toBe(0);
    expect((await api("DELETE", `/traces/${id}`)).status).toBe(404);
  });
});

describe("objects that do not answer", () => {
  afterEach(endFaults);

  test("TRC-19 a shard that is not told: the trace says so, and holds for the others", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    fail(TopicShard.prototype, "follow" as never, "before", (name) => name === "shard-3");
    expect(await trace("topic", "+/+/x")).toMatchObject({ told: 15, untold: 1 });
  });

  test("TRC-20 a trace that cannot be told: whoever is traced notices nothing, what it missed is counted, and it goes on", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const topic = uniqueId("trace/lost");
    const { id } = await trace("topic", topic);
    const before = countOf("trace_events_missed");
    const fault = fail(TraceObject.prototype, "add" as never, "before");
    const publisher = await Client.connect();
    await publisher.deliver(topic, "1", 1);
    await eventually("it is missed", () => countOf("trace_events_missed") === before + 1);
    fault.end();
    await publisher.deliver(topic, "2", 1);
    await seen(id, { what: "routed" });
    expect(await manage("GET", `/traces/${id}`)).toMatchObject({ events: 1, missed: 1, ended: null });
    fail(TraceObject.prototype, "page" as never, "before");
    const { status, body } = await api("GET", `/traces/${id}/events`);
    expect([status, body.type]).toEqual([503, "urn:durablemq:problem:trace-unreachable"]);
    const live = await EventStream.open(`/traces/${id}/live`);
    expect(await live.next()).toMatchObject({ event: "end", data: { why: "unreachable" } });
  });
});

describe("bounds", () => {
  test("TRC-15 a trace that is full ends, and says so", async () => {
    const { id } = await trace("topic", uniqueId("trace/full"));
    const stub = traceStub(env, id);
    const missedBefore = countOf("trace_events_missed");
    const event = { atMs: 1, at: "shard", what: "routed" } as const;
    const many = Array.from({ length: 5_000 }, () => event);
    for (let round = 0; round < 4; round++) expect(await stub.add({ events: many, missed: 0 })).toBe(true);
    expect(await stub.add({ events: [event], missed: 2 })).toBe(false);
    expect(await manage("GET", `/traces/${id}`)).toMatchObject({ ended: "full", events: 20_000 });
    expect(countOf("trace_events_missed") - missedBefore).toBe(3);
  });

  test("TRC-16 no more than 16 run at once", async () => {
    while (made.length < 16) await trace("topic", uniqueId("trace/many"), { seconds: 60 });
    const answer = await api("POST", "/traces", { target: { kind: "client", value: "x" } });
    expect([answer.status, answer.body.type]).toEqual([409, "urn:durablemq:problem:conflict"]);
  });

  test.each([
    { target: { kind: "client", value: "" } },
    { target: { kind: "user", value: "x" } },
    { target: { kind: "topic", value: "a/#/b" } },
    { target: { kind: "topic", value: "a" }, seconds: 0 },
    { target: { kind: "topic", value: "a" }, seconds: 3_601 },
    { target: { kind: "address", value: "x".repeat(65) } },
    {},
  ])("TRC-17 400 for %j", async (body) => {
    expect((await api("POST", "/traces", body)).status).toBe(400);
  });

  test("TRC-18 nobody traces with a key that may only read", async () => {
    const { key } = await manage("POST", "/api-keys", { name: uniqueId("reader"), scopes: ["read"] });
    const answer = await api("POST", "/traces", { target: { kind: "client", value: "x" } }, key);
    expect([answer.status, answer.body.type]).toEqual([403, "urn:durablemq:problem:scope-missing"]);
  });
});
