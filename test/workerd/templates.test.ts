// Session templates at the two front doors: their routes, and the sessions that are made with them.

import { env, exports } from "cloudflare:workers";
import { generate, parser } from "mqtt-packet";
import { describe, expect, test, vi } from "vitest";
import { answerHeader, helloHeader } from "../../worker/gate/calls.ts";
import { decodeHeader, encodeHeader } from "../../worker/header.ts";
import { sessionStub } from "../../worker/stubs.ts";
import { eventually } from "../support/eventually.ts";
import { api, manage } from "./support/api.ts";
import { countOf, quiet } from "./support/bill.ts";
import { Client, uniqueId } from "./support/client.ts";

const at = encodeURIComponent;

/** For client ids that begin with a word of its own. */
async function template(more: object = {}): Promise<{ name: string; prefix: string }> {
  const name = uniqueId("template/ü");
  const prefix = uniqueId("fleet");
  const subscriptions = [{ filter: `${prefix}/%c/#`, qos: 2 }];
  await manage("PUT", `/templates/${at(name)}`, { pattern: `${prefix}-*`, subscriptions, ...more });
  return { name, prefix };
}

async function publish(topic: string, ...texts: readonly string[]): Promise<void> {
  const publisher = await Client.connect();
  for (const text of texts) await publisher.deliver(topic, text, 1);
  await publisher.disconnect();
}

describe("routes", () => {
  test("one is made, read, listed by pages, replaced and deleted, and all of it is written down", async () => {
    const { name, prefix } = await template({ limits: { queueMessagesMax: 7 }, comment: "meters", position: 5 });
    const path = `/templates/${at(name)}`;
    const shown = await manage("GET", path);
    expect(shown).toMatchObject({
      name,
      position: 5,
      pattern: `${prefix}-*`,
      subscriptions: [
        { filter: `${prefix}/%c/#`, qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
      limits: { queueMessagesMax: 7 },
      comment: "meters",
    });
    await template();
    const listed: string[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const page = await manage("GET", `/templates?limit=1&after=${at(after)}`);
      listed.push(...page.items.map((item: { name: string }) => item.name));
      after = page.next;
    }
    expect(listed).toContain(name);
    expect(listed).toEqual([...listed].sort());
    await manage("PUT", path, { pattern: "other-*" });
    expect(await manage("GET", path)).toMatchObject({
      pattern: "other-*",
      subscriptions: [],
      createdAtMs: shown.createdAtMs,
    });
    expect((await api("DELETE", path)).status).toBe(204);
    expect([(await api("GET", path)).status, (await api("DELETE", path)).status]).toEqual([404, 404]);
    const { items } = await manage("GET", "/audit?limit=3");
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      "template.delete",
      "template.put",
      "template.put",
    ]);
    expect(items[0]).toMatchObject({ subject: name, before: { pattern: "other-*" } });
  });

  test.each([
    ["no pattern", {}, "body.pattern"],
    ["an empty pattern", { pattern: "" }, "body.pattern"],
    ["a filter that is none", { pattern: "*", subscriptions: [{ filter: "a/#/b" }] }, "body.subscriptions.0.filter"],
    [
      "a filter twice",
      { pattern: "*", subscriptions: [{ filter: "a" }, { filter: "a" }] },
      "body.subscriptions.1.filter",
    ],
    ["a claim", { pattern: "*", subscriptions: [{ filter: "a/%{x}" }] }, "body.subscriptions.0.filter"],
    [
      "No Local on a group",
      { pattern: "*", subscriptions: [{ filter: "$share/g/a", noLocal: true }] },
      "body.subscriptions.0.noLocal",
    ],
    ["a QoS that is none", { pattern: "*", subscriptions: [{ filter: "a", qos: 3 }] }, "body.subscriptions.0.qos"],
    ["a limit that is none", { pattern: "*", limits: { colour: 1 } }, "body.limits"],
    ["a position that is none", { pattern: "*", position: -1 }, "body.position"],
    [
      "too much",
      {
        pattern: "*",
        subscriptions: Array.from({ length: 10 }, (_, index) => ({ filter: `${index}${"a".repeat(2_000)}` })),
      },
      "body.subscriptions",
    ],
  ])("with %s none is made", async (_, body, path) => {
    const answer = await api("PUT", `/templates/${uniqueId()}`, body);
    expect(answer).toMatchObject({ status: 400, type: "application/problem+json" });
    expect(JSON.stringify(answer.body.errors)).toContain(`"path":"${path}"`);
  });

  test("who may only read may not make one, nor take one away", async () => {
    const { name } = await template();
    const { key } = await manage("POST", "/api-keys", { name: "reader", scopes: ["read"] });
    const path = `/templates/${at(name)}`;
    const answers = [
      await api("GET", path, undefined, key),
      await api("PUT", path, { pattern: "*" }, key),
      await api("DELETE", path, undefined, key),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403]);
  });
});

describe.each([3, 4, 5] as const)("MQTT version %i: a client that connects for the first time", (version) => {
  test("has its subscriptions with CONNACK, and keeps what comes while it is away", async () => {
    const { prefix } = await template({ limits: { queueMessagesMax: 2 } });
    const clientId = `${prefix}-1`;
    const client = await Client.connect({ clientId, version, persistent: true });
    expect(client.connack?.sessionPresent).toBe(false);
    await publish(`${prefix}/${clientId}/set`, "now");
    for (const message of await client.expectPublishes(1)) await client.acknowledge(message);
    await client.disconnect();
    await publish(`${prefix}/${clientId}/set`, "later");
    expect(await manage("GET", `/clients/${clientId}`)).toMatchObject({
      limits: { queueMessagesMax: 2 },
      queue: { messages: 1 },
    });
    const again = await Client.connect({ clientId, version, persistent: true });
    const [message] = await again.expectPublishes(1);
    expect([message?.payload.toString(), message?.qos]).toEqual(["later", 1]);
  });
});

test("a session that was made with one comes back for what another costs", async () => {
  const { prefix } = await template();
  const costs: object[] = [];
  for (const clientId of [`${prefix}-1`, uniqueId("plain")]) {
    const client = await Client.connect({ clientId, persistent: true });
    await client.subscribe(`${prefix}/x`, 1);
    await client.disconnect();
    await quiet();
    const before = { rows: countOf("rows_written"), calls: countOf("object_calls"), reads: countOf("control_reads") };
    const again = await Client.connect({ clientId, persistent: true });
    expect(again.connack?.sessionPresent).toBe(true);
    await quiet();
    costs.push({
      rows: countOf("rows_written") - before.rows,
      calls: countOf("object_calls") - before.calls,
      reads: countOf("control_reads") - before.reads,
    });
  }
  expect(costs[0]).toEqual(costs[1]);
});

test("a clean session has them too, until it ends, and a client that no pattern fits has nothing", async () => {
  const { prefix } = await template();
  const clean = await Client.connect({ clientId: `${prefix}-1` });
  const other = await Client.connect({ clientId: `${prefix}x1` });
  await publish(`${prefix}/${prefix}-1/a`, "m");
  await publish(`${prefix}/${prefix}x1/a`, "n");
  await clean.expectPublishes(1);
  expect(await other.pending()).toEqual([]);
  await clean.disconnect();
  expect((await api("GET", `/clients/${prefix}-1`)).status).toBe(404);
});

test("a template that has changed holds for the next session, and not for those that are there", async () => {
  const { name, prefix } = await template();
  const path = `/templates/${at(name)}`;
  await (await Client.connect({ clientId: `${prefix}-1`, persistent: true })).disconnect();
  await manage("PUT", path, { pattern: `${prefix}-*`, subscriptions: [{ filter: `${prefix}/new` }] });
  const filters = async (id: string) =>
    (await manage("GET", `/sessions/${id}/subscriptions`)).items.map((one: { filter: string }) => one.filter);
  const second = await Client.connect({ clientId: `${prefix}-2`, persistent: true });
  const first = await Client.connect({ clientId: `${prefix}-1`, persistent: true });
  expect(await filters(first.id)).toEqual([`${prefix}/${prefix}-1/#`]);
  expect(await filters(second.id)).toEqual([`${prefix}/new`]);
  await manage("PUT", `/sessions/${prefix}-1`, {});
  expect(await filters(first.id)).toEqual([`${prefix}/${prefix}-1/#`, `${prefix}/new`]);
});

test("the lowest position counts where several fit", async () => {
  const { prefix } = await template({ position: 20 });
  await manage("PUT", `/templates/${uniqueId()}`, { pattern: `${prefix}-*`, position: 10, limits: { inflightMax: 3 } });
  const { id } = await Client.connect({ clientId: `${prefix}-1` });
  expect(await manage("GET", `/clients/${id}`)).toMatchObject({ subscriptions: 0, limits: { inflightMax: 3 } });
});

test("a session that is provisioned has what its template says, where the request says nothing else", async () => {
  const { prefix } = await template({ limits: { queueMessagesMax: 5, inflightMax: 6, sessionExpirySecondsMax: 70 } });
  const id = `${prefix}-1`;
  const body = { subscriptions: [{ filter: "own", qos: 0 }], limits: { inflightMax: 9 } };
  const made = await manage("PUT", `/sessions/${id}`, body);
  expect(made.subscriptions.map(({ filter, qos }: { filter: string; qos: number }) => [filter, qos])).toEqual([
    [`${prefix}/${id}/#`, 2],
    ["own", 0],
  ]);
  expect(await manage("PUT", `/sessions/${id}`, body)).toMatchObject({ created: false });
  expect(await manage("GET", `/clients/${id}`)).toMatchObject({
    state: "provisioned",
    expirySeconds: 70,
    limits: { queueMessagesMax: 5, inflightMax: 9 },
  });
});

test("a client whose socket ends in its session object has them with CONNACK, and no answer to a ping before it", async () => {
  const { prefix } = await template({ subscriptions: [{ filter: "+/%c", qos: 1 }] });
  const clientId = `${prefix}-direct`;
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt" };
  const { webSocket: socket } = await exports.default.fetch(`http://broker/mqtt/${clientId}`, { headers });
  if (socket === null) throw new Error("no WebSocket was opened");
  const received: string[] = [];
  const packets = parser({ protocolVersion: 4 });
  packets.on("packet", ({ cmd }) => received.push(cmd));
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => packets.parse(Buffer.from(data as ArrayBuffer)));
  socket.accept();
  const connect = {
    cmd: "connect",
    clientId,
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
  } as const;
  socket.send(Buffer.concat([generate(connect), generate({ cmd: "pingreq" })]));
  await eventually("PINGRESP", () => received.includes("pingresp"));
  expect(received).toEqual(["connack", "pingresp"]);
  await publish(`x/${clientId}`, "m");
  await eventually("the message", () => received.includes("publish"));
  socket.close(1000);
});

test("a gate sends those back who do not know of a change, and disturbs nobody who is connected", async () => {
  const gate = env.GATE.getByName(uniqueId("gate"));
  const enter = async (revision: number) => {
    const admission = { revision, subjects: ["everyone"], connectionsMax: 0, connectsPerMinute: 600 };
    const visitor = { user: "anna", address: "192.0.2.1", clientId: "c", loginFailuresMax: 5, loginLockoutMs: 1000 };
    const headers = { Upgrade: "websocket", [helloHeader]: encodeHeader({ ...visitor, admission }) };
    const { webSocket, headers: answered } = await gate.fetch("https://gate/", { headers });
    return { socket: webSocket, answer: decodeHeader(answered.get(answerHeader) ?? "") };
  };
  const { socket, answer } = await enter(1);
  expect(answer).toEqual({ type: "admitted" });
  expect(await gate.announce(2, ["newcomers"])).toBe(0);
  expect((await enter(1)).answer).toEqual({ type: "stale", revision: 2 });
  const second = await enter(2);
  expect(second.answer).toEqual({ type: "admitted" });
  for (const one of [socket, second.socket]) {
    one?.accept();
    one?.close(1000);
  }
});

test("a location hint of who provisions is passed on to the platform, for one and for many", async () => {
  const seen = vi.fn();
  const namespace = { getByName: (name: string, options: unknown) => seen(name, options) };
  const platform = { SESSION: namespace } as never;
  sessionStub(platform, "c:1", "weur");
  sessionStub(platform, "c:2");
  expect(seen.mock.calls).toEqual([
    ["c:1", { locationHint: "weur" }],
    ["c:2", undefined],
  ]);
  const id = uniqueId("placed");
  expect(await manage("PUT", `/sessions/${id}`, { locationHint: "weur" })).toMatchObject({ created: true });
  const line = await api("POST", "/sessions", [{ clientId: uniqueId("placed"), locationHint: "apac" }]);
  expect(JSON.parse(line.body)).toMatchObject({ status: 200, created: true });
});
