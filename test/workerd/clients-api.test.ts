// Clients and sessions over HTTP: what the routes do, what they say about what is wrong, and who may call them. That each needs
// its scope, and answers as documented whatever comes, is tested for all routes in admin.test.ts and api-fuzz.test.ts.

import { afterEach, describe, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { eventually } from "../support/eventually.ts";
import { makeUser } from "./support/access.ts";
import { api, manage, send } from "./support/api.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";

afterEach(cutClients);

const at = encodeURIComponent;

async function provisioned(more: object = {}): Promise<{ id: string; topic: string }> {
  const id = uniqueId("provisioned/ü");
  const topic = uniqueId("topic");
  await manage("PUT", `/sessions/${at(id)}`, { subscriptions: [{ filter: topic }], ...more });
  return { id, topic };
}

async function publish(topic: string, ...texts: readonly string[]): Promise<void> {
  const publisher = await Client.connect();
  for (const text of texts) await publisher.deliver(topic, text, 1);
  await publisher.disconnect();
}

describe("clients", () => {
  test("are listed by filters, page by page, in the order of their ids", async () => {
    const prefix = uniqueId("listed");
    const clients = await Promise.all(
      [1, 2, 3, 4, 5].map((index) => Client.connect({ persistent: true, clientId: `${prefix}-${index}` })),
    );
    const ids = async (query: string) => {
      const found: string[] = [];
      for (let after: string | null = ""; after !== null; ) {
        const page = await manage("GET", `/clients?prefix=${prefix}&limit=2&after=${at(after)}${query}`);
        expect(page.items.length).toBeLessThanOrEqual(2);
        found.push(...page.items.map(({ clientId }: { clientId: string }) => clientId.slice(prefix.length + 1)));
        after = page.next;
      }
      return found.join();
    };
    await eventually("all are listed", async () => (await ids("")) === "1,2,3,4,5");
    await clients[1]?.disconnect();
    await eventually("one is away", async () => (await ids("&state=away")) === "2");
    expect(await ids("&state=connected")).toBe("1,3,4,5");
    expect(await ids(`&idleSinceMs=${Date.now() + 1}`)).toBe("2");
    expect(await ids("&idleSinceMs=1")).toBe("");
    expect(await ids("&user=nobody")).toBe("");
  });

  test("are listed by who they have proved to be, and by where they come from", async () => {
    const user = await makeUser();
    const address = "192.0.2.77";
    const options = { persistent: true, ...user.login, headers: { "CF-Connecting-IP": address } };
    const [mine, others] = [await Client.connect(options), await Client.connect({ persistent: true })];
    const ids = async (query: string) =>
      (await manage("GET", `/clients?${query}`)).items.map(({ clientId }: { clientId: string }) => clientId);
    for (const query of [`user=${user.name}`, `address=${address}`]) {
      await eventually(`${query} lists it`, async () => (await ids(query)).includes(mine.id));
      expect(await ids(query)).toEqual([mine.id]);
    }
    expect(await ids(`user=${user.name}&address=192.0.2.78`)).toEqual([]);
    await eventually("the other is listed", async () => (await ids(`prefix=${others.id}`)).length === 1);
    expect((await api("POST", "/kick", { user: user.name })).body).toEqual({ kicked: 1, next: null });
    expect((await manage("GET", `/clients/${others.id}`)).state).toBe("connected");
  });

  test("one is shown with all that is known of it", async () => {
    const will = { topic: "w", payload: "gone", qos: 1 } as const;
    const client = await Client.connect({ version: 5, persistent: true, receiveMaximum: 1, will });
    await client.subscribe(client.id, 1);
    for (const text of ["1", "2"]) await client.deliver(client.id, text, 1).catch(() => {});
    const shown = await manage("GET", `/clients/${client.id}`);
    expect(shown).toMatchObject({
      clientId: client.id,
      state: "connected",
      protocol: "5.0",
      address: expect.any(String),
      disconnectedAtMs: null,
      expirySeconds: 3600,
      connection: { receiveMaximum: 1, keepAliveSeconds: 60 },
      subscriptions: 1,
      queue: { inflight: 1, leased: 0 },
      hasWill: true,
      drops: {},
    });
    await client.disconnect();
    const away = await eventually("it is away", async () => {
      const now = await manage("GET", `/clients/${client.id}`);
      return now.state === "away" && now.disconnectedAtMs !== null ? now : undefined;
    });
    expect(away).toMatchObject({ connection: null, address: shown.address, expiresAtMs: expect.any(Number) });
  });

  test("one is shown with what was dropped and what it was refused lately", async () => {
    const user = await makeUser([{ effect: "deny", action: "publish", filter: "denied/#" }]);
    const client = await Client.connect({ version: 5, persistent: true, ...user.login });
    await client.subscribe(client.id, 1);
    client.publish("denied/a", "m", 1);
    expect(await client.expect("puback")).toMatchObject({ reasonCode: 0x87 });
    const refused = { event: "refusal", reason: "publish-denied", detail: expect.stringContaining("denied/a") };
    expect((await manage("GET", `/clients/${client.id}`)).recent).toMatchObject([refused]);
    await client.disconnect();
    const limits = { queueMessagesMax: 1, queuePolicy: "drop-oldest" };
    await manage("PUT", `/sessions/${client.id}`, { limits });
    for (const payload of ["1", "2"]) await manage("POST", "/publish", { topic: client.id, payload });
    const { recent, drops, queue } = await manage("GET", `/clients/${client.id}`);
    expect([drops, queue.messages]).toEqual([{ "queue-full": 1 }, 1]);
    expect(recent).toContainEqual(expect.objectContaining({ event: "drop", reason: "queue-full" }));
    const { items } = await manage("GET", `/explain/clients/${client.id}`);
    expect(items).toMatchObject([{ reason: "publish-denied", remedy: expect.stringContaining("/api/v1/explain") }]);
  });

  test("one that is not there", async () => {
    const { status, body } = await api("GET", `/clients/${uniqueId()}`);
    expect([status, body.type]).toEqual([404, "urn:durablemq:problem:not-found"]);
  });

  test("are kicked, one or all that a filter matches, and told why", async () => {
    const prefix = uniqueId("kicked");
    const [one, two] = [
      await Client.connect({ version: 5, clientId: `${prefix}-1`, persistent: true }),
      await Client.connect({ version: 5, clientId: `${prefix}-2` }),
    ];
    expect(await manage("POST", `/clients/${one.id}/kick`)).toEqual({ wasConnected: true });
    expect((await one.expect("disconnect")).reasonCode).toBe(0x98);
    expect(await manage("POST", `/clients/${one.id}/kick`)).toEqual({ wasConnected: false });
    await eventually("the other is listed", async () => {
      return (await manage("GET", `/clients?prefix=${prefix}&state=connected`)).items.length === 1;
    });
    expect(await manage("POST", "/kick", { prefix })).toEqual({ kicked: 1, next: null });
    expect((await two.expect("disconnect")).reasonCode).toBe(0x98);
    for (const none of [{}, { prefix: "" }]) expect((await api("POST", "/kick", none)).status).toBe(400);
    const { items } = await manage("GET", "/audit?limit=10");
    expect(items.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining(["client.kick", "clients.kick"]),
    );
  });
});

describe("sessions", () => {
  test("one that is provisioned keeps messages for a client that connects for the first time", async () => {
    const { id, topic } = await provisioned({ expirySeconds: 100, limits: { queueMessagesMax: 2 } });
    expect(await manage("GET", `/clients/${at(id)}`)).toMatchObject({
      state: "provisioned",
      protocol: null,
      expirySeconds: 100,
      limits: { queueMessagesMax: 2 },
    });
    await publish(topic, "1", "2");
    const client = await Client.connect({ clientId: id, persistent: true });
    expect(client.connack?.sessionPresent).toBe(true);
    expect(payloads(await client.expectPublishes(2))).toEqual(["1", "2"]);
  });

  test("provisioning is idempotent, and says what was granted", async () => {
    const id = uniqueId();
    const body = { subscriptions: [{ filter: "a/+", qos: 2 }] };
    const granted = { subscriptions: [{ filter: "a/+", qos: 2, reason: "Granted QoS 2" }] };
    expect(await manage("PUT", `/sessions/${id}`, body)).toEqual({ clientId: id, created: true, ...granted });
    expect(await manage("PUT", `/sessions/${id}`, body)).toEqual({ clientId: id, created: false, ...granted });
  });

  test.each([
    ["a filter that is none", { subscriptions: [{ filter: "a/#/b" }] }, "body.subscriptions.0.filter"],
    [
      "No Local on a group",
      { subscriptions: [{ filter: "$share/g/a", noLocal: true }] },
      "body.subscriptions.0.noLocal",
    ],
    ["a QoS that is none", { subscriptions: [{ filter: "a", qos: 3 }] }, "body.subscriptions.0.qos"],
    ["no time", { expirySeconds: 0 }, "body.expirySeconds"],
    ["a limit that is none", { limits: { colour: 1 } }, "body.limits"],
    ["a place that is none", { locationHint: "moon" }, "body.locationHint"],
  ])("provisioning with %s", async (_, body, path) => {
    const answer = await api("PUT", `/sessions/${uniqueId()}`, body);
    expect(answer).toMatchObject({ status: 400, type: "application/problem+json" });
    expect(JSON.stringify(answer.body.errors)).toContain(`"path":"${path}"`);
  });

  test("many are provisioned from lines, each answered on a line of its own, in order", async () => {
    const prefix = uniqueId("bulk");
    const busy = await Client.connect({ clientId: `${prefix}-7` });
    const lines = Array.from({ length: 20 }, (_, index) => ({
      clientId: `${prefix}-${index}`,
      subscriptions: [{ filter: `${prefix}/${index}` }],
    }));
    const { status, type, body } = await send(
      new Request("http://broker/api/v1/sessions", {
        method: "POST",
        headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/x-ndjson" },
        body: lines.map((line) => JSON.stringify(line)).join("\n"),
      }),
    );
    expect([status, type]).toEqual([200, "application/x-ndjson"]);
    const outcomes = (body as string)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(outcomes.map(({ clientId }) => clientId)).toEqual(lines.map(({ clientId }) => clientId));
    expect(outcomes[7]).toMatchObject({ status: 409, problem: { title: expect.any(String) } });
    expect(outcomes.filter(({ created }) => created)).toHaveLength(19);
    expect(busy.closed).toBe(false);
    await publish(`${prefix}/3`, "m");
    expect((await manage("GET", `/sessions/${prefix}-3/queue`)).items).toHaveLength(1);
    expect((await manage("GET", `/clients?prefix=${prefix}&state=provisioned`)).items).toHaveLength(19);
  });

  test("subscriptions are added, listed by pages, and removed, while the client is away", async () => {
    const { id, topic } = await provisioned();
    const path = `/sessions/${at(id)}/subscriptions`;
    const added = await manage("POST", path, { subscriptions: [{ filter: `${topic}/x` }], identifier: 7 });
    expect(added).toEqual({ subscriptions: [{ filter: `${topic}/x`, qos: 1, reason: "Granted QoS 1" }] });
    await publish(`${topic}/x`, "m");
    expect((await manage("GET", `/sessions/${at(id)}/queue`)).items).toHaveLength(1);
    const first = await manage("GET", `${path}?limit=1`);
    expect(first).toMatchObject({ items: [{ filter: topic, identifier: null }], next: topic });
    const second = await manage("GET", `${path}?after=${at(first.next)}`);
    expect(second).toMatchObject({ items: [{ filter: `${topic}/x`, identifier: 7 }], next: null });
    expect((await api("DELETE", `${path}?filter=${at(`${topic}/x`)}`)).status).toBe(204);
    expect((await api("DELETE", `${path}?filter=${at(`${topic}/x`)}`)).status).toBe(404);
    await publish(`${topic}/x`, "n");
    expect((await manage("GET", `/sessions/${at(id)}/queue`)).items).toHaveLength(1);
    expect((await api("POST", path, { subscriptions: [] })).status).toBe(400);
    expect((await api("POST", path, { subscriptions: [{ filter: "+a" }] })).status).toBe(400);
    expect((await api("DELETE", path)).status).toBe(400);
    const nobody = `/sessions/${uniqueId()}/subscriptions`;
    expect((await api("POST", nobody, { subscriptions: [{ filter: "a" }] })).status).toBe(404);
  });

  test("a queue is looked into by pages, with payloads for who may, and emptied", async () => {
    const { id, topic } = await provisioned();
    await publish(topic, "one", "two", "three");
    const path = `/sessions/${at(id)}/queue`;
    const first = await manage("GET", `${path}?limit=2&payload=base64`);
    expect(first.items).toMatchObject([
      { state: "waiting", topic, qos: 1, payloadBytes: 3, payload: btoa("one"), queuedAtMs: expect.any(Number) },
      { payload: btoa("two") },
    ]);
    const second = await manage("GET", `${path}?after=${first.next}`);
    expect(second).toMatchObject({ items: [{ payloadBytes: 5, payload: null }], next: null });
    const reader = await manage("POST", "/api-keys", { name: "reader", scopes: ["read"] });
    expect((await api("GET", path, undefined, reader.key)).status).toBe(200);
    expect((await api("GET", `${path}?payload=base64`, undefined, reader.key)).status).toBe(403);
    expect((await api("GET", `${path}?after=x`)).status).toBe(400);
    expect(await manage("DELETE", path)).toEqual({ purged: 3, left: 0 });
    expect((await manage("GET", `/clients/${at(id)}`)).drops).toEqual({ purged: 3 });
  });

  test("one is ended, and nothing of it is left", async () => {
    const { id, topic } = await provisioned();
    await publish(topic, "m");
    expect((await api("DELETE", `/sessions/${at(id)}`)).status).toBe(204);
    expect((await api("DELETE", `/sessions/${at(id)}`)).status).toBe(404);
    expect((await api("GET", `/clients/${at(id)}`)).status).toBe(404);
    expect((await manage("GET", `/clients?prefix=${at(id)}`)).items).toEqual([]);
    const client = await Client.connect({ clientId: id, persistent: true });
    expect(client.connack?.sessionPresent).toBe(false);
  });
});

describe("consuming", () => {
  test("workers pull, acknowledge, return and extend; what is acknowledged does not come again", async () => {
    const { id, topic } = await provisioned();
    await publish(topic, "1", "2", "3");
    const { key } = await manage("POST", "/api-keys", { name: "worker", scopes: ["consume"] });
    const work = async (verb: string, body: object) => {
      const answer = await api("POST", `/sessions/${at(id)}/${verb}`, body, key);
      expect(answer.status).toBe(200);
      return answer.body;
    };
    const first = await work("pull", { messagesMax: 2 });
    expect(first).toMatchObject({
      messages: [
        { topic, payload: "1", encoding: "text", qos: 1, deliveries: 1, redelivered: false },
        { payload: "2" },
      ],
      depth: 3,
    });
    const [one, two] = first.messages.map(({ handle }: { handle: string }) => handle);
    expect(await work("acknowledge", { handles: [one] })).toEqual({ results: [{ handle: one, status: "done" }] });
    expect(await work("extend", { handles: [two], seconds: 60 })).toMatchObject({ results: [{ status: "done" }] });
    expect((await work("pull", {})).messages).toMatchObject([{ payload: "3" }]);
    expect(await work("return", { handles: [two] })).toMatchObject({ results: [{ status: "done" }] });
    const again = await work("pull", {});
    expect(again.messages).toMatchObject([{ payload: "2", deliveries: 2, redelivered: true }]);
    expect(await work("acknowledge", { handles: [two] })).toMatchObject({ results: [{ status: "lost" }] });
    expect((await api("GET", `/clients/${at(id)}`, undefined, key)).status).toBe(403);
  });

  test("properties come with the message", async () => {
    const { id, topic } = await provisioned();
    const publisher = await Client.connect({ version: 5 });
    const properties = { contentType: "text/plain", userProperties: { a: "b" }, messageExpiryInterval: 100 };
    await publisher.deliver(topic, new Uint8Array([0xff, 0]), 1, { properties });
    const { messages } = await manage("POST", `/sessions/${at(id)}/pull`, {});
    expect(messages).toMatchObject([
      {
        encoding: "base64",
        payload: btoa("\u00ff\u0000"),
        properties: { contentType: "text/plain", userProperties: [{ name: "a", value: "b" }] },
        expiresAtMs: expect.any(Number),
      },
    ]);
  });

  test("who waits is answered as soon as something comes, and without anything when the time is over", async () => {
    const { id, topic } = await provisioned();
    const waiting = manage("POST", `/sessions/${at(id)}/pull`, { waitSeconds: 30 });
    await publish(topic, "m");
    expect((await waiting).messages).toMatchObject([{ payload: "m" }]);
    expect(await manage("POST", `/sessions/${at(id)}/pull`, { waitSeconds: 1 })).toMatchObject({ messages: [] });
  });

  test("of several workers that wait each message goes to one", async () => {
    const { id, topic } = await provisioned();
    const pulls = [1, 2, 3, 4].map(() =>
      manage("POST", `/sessions/${at(id)}/pull`, { messagesMax: 1, waitSeconds: 10 }),
    );
    await publish(topic, "1", "2", "3", "4");
    const texts = (await Promise.all(pulls)).flatMap(({ messages }) =>
      messages.map((one: { payload: string }) => one.payload),
    );
    expect(texts.sort()).toEqual(["1", "2", "3", "4"]);
  });

  test("while an MQTT client is connected there is nothing to pull, and who waits is told when one connects", async () => {
    const { id } = await provisioned();
    const waiting = api("POST", `/sessions/${at(id)}/pull`, { waitSeconds: 30 });
    await Client.connect({ clientId: id, persistent: true });
    const { status, body } = await waiting;
    expect([status, body.type]).toEqual([409, "urn:durablemq:problem:conflict"]);
  });

  test.each([
    ["no such session", "pull", {}, 404],
    ["too many at once", "pull", { messagesMax: 1001 }, 400],
    ["too long a wait", "pull", { waitSeconds: 31 }, 400],
    ["no lease", "pull", { visibilitySeconds: 0 }, 400],
    ["a handle that is none", "acknowledge", { handles: ["x"] }, 400],
    ["no handles", "return", { handles: [] }, 400],
    ["time for an acknowledgement", "acknowledge", { handles: ["1-1-1"], seconds: 1 }, 400],
  ] as const)("%s", async (_, verb, body, status) => {
    expect(await api("POST", `/sessions/${uniqueId()}/${verb}`, body)).toMatchObject({
      status,
      type: "application/problem+json",
    });
  });
});
