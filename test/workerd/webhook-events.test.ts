// Events as webhooks are told of them, on real objects: what happens to clients, sessions and messages, whatever happens to who
// tells of it, and that nobody pays who does not ask.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { directoryOf } from "../../src/directory/listing.ts";
import { EventRows } from "../../src/store/event-rows.ts";
import { configOf } from "../../worker/config.ts";
import { SessionDirectory } from "../../worker/directory/object.ts";
import { GateObject } from "../../worker/gate/object.ts";
import { directoryName, sessionName, webhookClientId } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { eventsMax } from "../../worker/webhook/outbox.ts";
import { eventually } from "../support/eventually.ts";
import { codeFor, makeUser } from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { countFor, inWords, measure, quiet } from "./support/bill.ts";
import { Client, cutClients, doors, uniqueId } from "./support/client.ts";
import { closeEndpoints, Endpoint } from "./support/endpoint.ts";
import { endFaults, everybodySleeps, fail, failStatements, reset, vanish } from "./support/faults.ts";
import { rowsOf, sessionOf } from "./support/objects.ts";

afterEach(async () => {
  endFaults();
  vi.restoreAllMocks();
  cutClients();
  for (const { name } of (await manage("GET", "/webhooks")).items) await manage("DELETE", `/webhooks/${name}`);
  closeEndpoints();
});

const all = [
  "client.connected",
  "client.disconnected",
  "session.created",
  "session.ended",
  "message.dropped",
  "rule.denied",
];

class Hook {
  readonly name = uniqueId("hook");
  readonly endpoint = new Endpoint();

  static async made(events: readonly string[] = all): Promise<Hook> {
    const hook = new Hook();
    await manage("POST", "/webhooks", { name: hook.name, url: hook.endpoint.url, events, lingerMs: 0 });
    return hook;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  eventsOf(clientId: string): any[] {
    return this.endpoint.sent.flatMap(({ items }) => items).filter(({ data }) => data.clientId === clientId);
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  async until(clientId: string, types: readonly string[]): Promise<any[]> {
    const seen = () => this.eventsOf(clientId).map(({ type }) => type);
    await eventually(`${types} of ${clientId}, not ${seen()}`, () => seen().length >= types.length).catch(() => {});
    expect(seen()).toEqual(types);
    return this.eventsOf(clientId);
  }
}

function partOf(clientId: string): DurableObjectStub<SessionDirectory> {
  const index = directoryOf(sessionName(clientId), configOf(env).directoryShards);
  return env.DIRECTORY.getByName(directoryName(index));
}

test("BILL without a webhook that wants events, neither a connection nor a denial nor a drop costs anything more", async () => {
  const added = vi.spyOn(EventRows.prototype, "add");
  const note = vi.spyOn(SessionDirectory.prototype, "note");
  const topic = uniqueId("plain");
  const clientId = uniqueId("away");
  await manage("PUT", `/sessions/${clientId}`, {
    subscriptions: [{ filter: topic }],
    limits: { queueMessagesMax: 1, queuePolicy: "drop-newest" },
  });
  const publisher = await Client.connect();
  await publisher.deliver(topic, "0", 1);
  await publisher.deliver(topic, "1", 1);
  const bill = await measure(10, async () => {
    for (let sent = 0; sent < 10; sent++) await publisher.deliver(topic, "dropped", 1);
  });
  const figures = inWords("dropped", bill);
  // The count of what was dropped.
  expect(bill.rows_written + bill.alarms_set, figures).toBeLessThanOrEqual(1);
  expect(bill.directory_calls, figures).toBe(0);
  expect([added.mock.calls.length, note.mock.calls.length]).toEqual([0, 0]);
});

describe("clients and sessions", () => {
  test("are told of from beginning to end, with the causes", async () => {
    const hook = await Hook.made();
    const client = await Client.connect({ version: 5, persistent: true });
    await hook.until(client.id, ["session.created", "client.connected"]);
    await client.disconnect();
    await hook.until(client.id, ["session.created", "client.connected", "client.disconnected"]);
    const next = await Client.connect({ version: 5, clientId: client.id, persistent: true });
    await vanish(next);
    await manage("DELETE", `/sessions/${client.id}`);
    const events = await hook.until(client.id, [
      "session.created",
      "client.connected",
      "client.disconnected",
      "client.connected",
      "client.disconnected",
      "session.ended",
    ]);
    expect(events.map(({ data }) => data.cause)).toEqual([
      undefined,
      undefined,
      "client",
      undefined,
      "lost",
      "operator",
    ]);
    expect(events[1].data).toMatchObject({ clientId: client.id, protocol: "5.0", address: expect.any(String) });
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  test("that come and go at once are told of each time, and a kick and a clean start by name", async () => {
    const hook = await Hook.made();
    const clientId = uniqueId("fast");
    const first = await Client.connect({ version: 5, clientId, persistent: true });
    const second = await Client.connect({ version: 5, clientId, persistent: true });
    await manage("POST", `/clients/${clientId}/kick`);
    await Client.connect({ version: 5, clientId });
    const types = [
      "session.created",
      "client.connected",
      "client.disconnected",
      "client.connected",
      "client.disconnected",
      "session.ended",
      "session.created",
      "client.connected",
    ];
    const events = await hook.until(clientId, types);
    const causes = events.map(({ data }) => data.cause).filter((cause) => cause !== undefined);
    expect(causes).toEqual(["Session taken over", "Administrative action", "clean-start"]);
    expect([first.id, second.id]).toEqual([clientId, clientId]);
  });

  test.each(doors)("that may not stay are told of with the reason, by %s", async (_door, door) => {
    const hook = await Hook.made(["client.disconnected"]);
    const client = await Client.connect({ version: 5, ...door });
    await manage("POST", "/bans", { kind: "client", value: client.id });
    const [event] = await hook.until(client.id, ["client.disconnected"]);
    expect(event.data.cause).toBe("Administrative action");
  });

  test("that nobody reported are told of when they are found", async () => {
    const hook = await Hook.made();
    const client = await Client.connect({ version: 5, persistent: true });
    await hook.until(client.id, ["session.created", "client.connected"]);
    await reset(sessionOf(client.id));
    await manage("GET", `/clients/${client.id}`);
    const events = await hook.until(client.id, ["session.created", "client.connected", "client.disconnected"]);
    expect(events[2].data.cause).toBe("unknown");
  });

  test("are told of once, though the list hears of them twice, and late where it was away", async () => {
    const hook = await Hook.made();
    const heardTwice = uniqueId("twice");
    let fault = fail(SessionDirectory.prototype, "report", "after");
    const client = await Client.connect({ version: 5, clientId: heardTwice, persistent: true });
    await fault.reached();
    await client.disconnect();
    fault.end();
    await hook.until(heardTwice, ["session.created", "client.connected", "client.disconnected"]);
    fault = fail(SessionDirectory.prototype, "report", "before");
    const late = await Client.connect({ version: 5, persistent: true });
    await fault.reached();
    await late.disconnect();
    fault.end();
    await manage("GET", `/clients/${late.id}`);
    await hook.until(late.id, ["session.created", "client.connected", "client.disconnected"]);
  });

  test("are told of once where the list could not write what it was told", async () => {
    const hook = await Hook.made(["client.connected"]);
    const fault = failStatements(/INSERT OR REPLACE INTO session|INSERT INTO session/);
    const client = await Client.connect({ version: 5, persistent: true });
    await fault.reached();
    fault.end();
    const [event] = await hook.until(client.id, ["client.connected"]);
    await quiet();
    expect(hook.eventsOf(client.id)).toEqual([event]);
    expect(await partOf(client.id).entry(sessionName(client.id))).toMatchObject({ state: "connected" });
  });

  test("wait as rows while their webhook cannot be reached, over sleep and reset", async () => {
    const hook = await Hook.made();
    const fault = fail(
      SessionObject.prototype,
      "deliver",
      "before",
      (name) => name === sessionName(webhookClientId(hook.name)),
    );
    const client = await Client.connect({ version: 5, persistent: true });
    await fault.reached();
    await everybodySleeps();
    await reset(partOf(client.id));
    expect(await rowsOf(partOf(client.id), "event")).toBeGreaterThan(0);
    fault.end();
    // Whatever happens next lets it try again, if its alarm does not.
    await client.disconnect();
    await hook.until(client.id, ["session.created", "client.connected", "client.disconnected"]);
    await eventually("nothing is left", async () => (await rowsOf(partOf(client.id), "event")) === 0);
  });
});

describe.each(doors)("what rules deny to who comes by %s", (_door, door) => {
  test("is told with the topic and the rule, also while its object sleeps", async () => {
    const hook = await Hook.made(["rule.denied"]);
    const user = await makeUser([{ filter: "#", effect: "allow", action: "all" }]);
    await manage("POST", "/rules", {
      subjectKind: "user",
      subject: user.name,
      effect: "deny",
      action: "all",
      filter: "secret/#",
      position: 0,
    });
    const client = await Client.connect({ version: 5, ...user.login, ...door });
    client.publish("secret/a", "m", 1);
    await client.expect("puback");
    await everybodySleeps();
    client.send({ cmd: "subscribe", messageId: client.packetId(), subscriptions: [{ topic: "secret/#", qos: 1 }] });
    await client.expect("suback");
    const events = await hook.until(client.id, ["rule.denied", "rule.denied"]);
    expect(events.map(({ data }) => data.reason)).toEqual(["publish-denied", "subscribe-denied"]);
    expect(events[0].data.detail).toContain("secret/a");
    // What is kept from it before it is delivered.
    await client.subscribe("#", 1);
    const publisher = await Client.connect();
    await publisher.deliver("secret/b", "m", 1);
    const [, , kept] = await hook.until(client.id, ["rule.denied", "rule.denied", "rule.denied"]);
    expect(kept.data).toMatchObject({ reason: "delivery-denied", detail: expect.stringContaining("secret/b") });
  });

  test("is told of a will that refuses the connection", async () => {
    const hook = await Hook.made(["rule.denied"]);
    const user = await makeUser([{ filter: "secret/#", effect: "deny" }]);
    const [clientId, address] = [uniqueId("will"), uniqueId("address")];
    const will = { topic: "secret/will", payload: "gone", qos: 1 as const };
    const headers = { "CF-Connecting-IP": address };
    expect(await codeFor({ ...user.login, clientId, will, headers, ...door })).toBe(0x87);
    const [event] = await hook.until(clientId, ["rule.denied"]);
    expect(event.data).toMatchObject({
      reason: "will-denied",
      detail: expect.stringContaining("secret/will"),
      address,
    });
  });
});

describe("what is dropped", () => {
  const dropping = async (policy: string) => {
    const topic = uniqueId("dropped");
    const clientId = uniqueId("away");
    await manage("PUT", `/sessions/${clientId}`, {
      subscriptions: [{ filter: topic }],
      limits: { queueMessagesMax: 1, queuePolicy: policy },
    });
    return { topic, clientId };
  };

  test("is told as a sum, at once and then now and then, with a total that says whether one is missing", async () => {
    const hook = await Hook.made(["message.dropped"]);
    const { topic, clientId } = await dropping("drop-newest");
    const publisher = await Client.connect();
    await publisher.deliver(topic, "1", 1);
    await publisher.deliver(topic, "2", 1);
    const [first] = await hook.until(clientId, ["message.dropped"]);
    expect(first.data).toMatchObject({
      reason: "queue-full",
      count: 1,
      total: 1,
      detail: expect.stringContaining(topic),
    });
    const note = vi.spyOn(SessionDirectory.prototype, "note");
    await measure(1, async () => {
      for (let sent = 0; sent < 50; sent++) await publisher.deliver(topic, "more", 1);
    });
    expect(note).not.toHaveBeenCalled();
    await reset(sessionOf(clientId));
    await eventually("the sum of the rest", () => hook.eventsOf(clientId).length === 2);
    expect(hook.eventsOf(clientId)[1].data).toMatchObject({ reason: "queue-full", count: 50, total: 51 });
  });

  test("by a webhook's own queue is counted, and told to nobody: each event would make the next", async () => {
    const hook = await Hook.made(["message.dropped"]);
    await manage("PATCH", `/webhooks/${hook.name}`, { queueMessagesMax: 1, filters: [`${hook.name}/#`] });
    await manage("POST", `/webhooks/${hook.name}/pause`);
    const publisher = await Client.connect();
    for (let sent = 0; sent < 3; sent++) await publisher.deliver(`${hook.name}/a`, `${sent}`, 1);
    expect((await manage("GET", `/webhooks/${hook.name}/status`)).drops).toEqual({ "queue-full": 2 });
    await manage("POST", `/webhooks/${hook.name}/resume`);
    await hook.endpoint.until(1);
    expect(hook.eventsOf(webhookClientId(hook.name))).toEqual([]);
  });
});

describe("a webhook", () => {
  test("gets what it asked for, from when it asked until it does not", async () => {
    const hook = await Hook.made(["client.connected"]);
    const first = await Client.connect();
    await hook.until(first.id, ["client.connected"]);
    await manage("PATCH", `/webhooks/${hook.name}`, { events: ["client.disconnected"] });
    const second = await Client.connect();
    second.cut();
    await hook.until(second.id, ["client.disconnected"]);
    await manage("PATCH", `/webhooks/${hook.name}`, { events: [], filters: ["a"] });
    const third = await Client.connect();
    third.cut();
    await eventually(
      "the list has heard",
      async () => (await partOf(third.id).entry(sessionName(third.id))) === undefined,
    );
    expect(await rowsOf(partOf(third.id), "event")).toBe(0);
    expect(await rowsOf(partOf(third.id), "hook")).toBe(0);
    expect(hook.eventsOf(third.id)).toEqual([]);
  });

  test("whose change not everybody could be told of is said to be so, and the same again completes it", async () => {
    const hook = await Hook.made(["client.connected"]);
    const fault = fail(GateObject.prototype, "hook", "before");
    const answer = await api("PATCH", `/webhooks/${hook.name}`, { events: ["rule.denied"] });
    expect([answer.status, answer.body.type]).toEqual([503, "urn:durablemq:problem:webhook-unreachable"]);
    fault.end();
    expect((await api("PATCH", `/webhooks/${hook.name}`, {})).status).toBe(200);
  });

  test("that is gone without anybody having been told is found, and nobody keeps events for it", async () => {
    const hook = await Hook.made(["client.connected"]);
    const missed = countFor("events_missed", "no-webhook");
    await sessionOf(webhookClientId(hook.name)).manage({ kind: "end" });
    const client = await Client.connect();
    await eventually("it is missed", () => countFor("events_missed", "no-webhook") > missed);
    await eventually("its hook goes", async () => (await rowsOf(partOf(client.id), "hook")) === 0);
  });

  test(`that is away for long has the last ${eventsMax} events of each object kept, and the others counted`, async () => {
    const hook = await Hook.made(["client.connected"]);
    const part = env.DIRECTORY.getByName(directoryName(0));
    const missed = countFor("events_missed", "outbox-full");
    const fault = fail(SessionObject.prototype, "deliver", "before");
    const event = { type: "client.connected", atMs: 1, data: { clientId: "many" } } as const;
    await runInDurableObject(part, (directory: SessionDirectory) => {
      for (let batch = 0; batch <= eventsMax; batch += 1_000)
        directory.note(Array.from({ length: 1_000 }, () => event));
    });
    expect(await rowsOf(part, "event")).toBe(eventsMax);
    expect(countFor("events_missed", "outbox-full") - missed).toBe(1_000);
    fault.end();
    await manage("DELETE", `/webhooks/${hook.name}`);
    expect(await rowsOf(part, "event")).toBe(0);
  });
});

test("BILL an event costs two rows where it happens, and messages nothing", async () => {
  const hook = await Hook.made(["client.connected", "client.disconnected"]);
  const topic = uniqueId("messages");
  const publisher = await Client.connect();
  await hook.until(publisher.id, ["client.connected"]);
  const messages = await measure(20, async () => {
    for (let sent = 0; sent < 20; sent++) await publisher.deliver(topic, "m", 1);
  });
  expect(messages.rows_written + messages.alarms_set).toBe(0);
  const ids = Array.from({ length: 20 }, () => uniqueId("event"));
  const bill = await measure(40, async () => {
    for (const clientId of ids) (await Client.connect({ clientId })).cut();
    await eventually("all are told", () => ids.every((id) => hook.eventsOf(id).length === 2));
    await eventually("all is sent", async () => {
      return (await manage("GET", `/webhooks/${hook.name}/status`)).queueMessages === 0;
    });
  });
  // Of the list itself one for each. The event, its end; and for what goes together the queue's, the progress and the alarms.
  expect(bill.rows_written + bill.alarms_set, inWords("events", bill)).toBeLessThanOrEqual(5);
});
