// Who owns a session: one connection at a time, the latest; and what is left when a session ends.

import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { sessionName } from "../../worker/names.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { eventually } from "../support/eventually.ts";
import { countOf, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, everybodySleeps, fail, reset } from "./support/faults.ts";
import { sessionOf, shardOfTopic } from "./support/objects.ts";

afterEach(() => {
  endFaults();
  cutClients();
});

const takenOver = 0x8e;

function tablesOf(clientId: string): Promise<number> {
  return runInDurableObject(sessionOf(clientId), (_, { storage: { sql } }) => {
    return sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'table'").one().count;
  });
}

function routesOf(clientId: string, topic: string): Promise<number> {
  return runInDurableObject(shardOfTopic(topic), (_, { storage: { sql } }) => {
    const statement = "SELECT COUNT(*) AS count FROM route WHERE session = ?";
    return sql.exec<{ count: number }>(statement, sessionName(clientId)).one().count;
  });
}

test("OWN-1 two connections that fight over a client id: the latest has it, each time", async () => {
  const clientId = uniqueId("fight");
  const topic = uniqueId("owner/fight");
  const options = { version: 5, persistent: true, clientId } as const;
  const publisher = await Client.connect();
  let owner = await Client.connect(options);
  await owner.subscribe(topic, 1);
  for (let round = 0; round < 10; round++) {
    const older = owner;
    owner = await Client.connect(options);
    expect(owner.connack?.sessionPresent).toBe(true);
    expect(await older.expect("disconnect")).toMatchObject({ reasonCode: takenOver });
    await older.expectClose();
    // The closing of the old one, however late, is nothing to the new.
    older.cut();
    await publisher.deliver(topic, `${round}`, 1);
    const packet = await owner.expect("publish");
    expect(packet.payload.toString()).toBe(`${round}`);
    await owner.acknowledge(packet);
    expect(await owner.pending()).toEqual([]);
  }
});

test("OWN-2 of many connections at once under one client id, one is left", async () => {
  const clientId = uniqueId("fight");
  const attempts = Array.from({ length: 8 }, () =>
    Client.connect({ version: 5, persistent: true, clientId }).catch(() => undefined),
  );
  const clients = (await Promise.all(attempts)).filter((client) => client !== undefined);
  await eventually("the others are closed", () => clients.filter(({ closed }) => !closed).length === 1);
  await clients.find(({ closed }) => !closed)?.subscribe(uniqueId("owner/last"), 1);
});

test("OWN-3 the old connection's socket closes late, by hibernation's detour: the new one stays", async () => {
  const clientId = uniqueId("fight");
  const topic = uniqueId("owner/late");
  const watcher = await Client.connect();
  await watcher.subscribe(topic, 1);
  const will = { topic, payload: "will", qos: 1 } as const;
  const older = await Client.connect({ version: 5, persistent: true, clientId, will });
  await everybodySleeps();
  const newer = await Client.connect({ version: 5, persistent: true, clientId, will });
  // [MQTT-3.1.4-3] The old one's will is sent, once.
  expect(payloads([await watcher.expect("publish")])).toEqual(["will"]);
  await everybodySleeps();
  older.cut();
  await quiet();
  await everybodySleeps();
  await newer.subscribe(uniqueId("owner/alive"), 1);
  expect(await watcher.pending()).toEqual([]);
});

test("OWN-4 a will outlives the reset of its session's object, though the client is back before it is missed", async () => {
  const topic = uniqueId("owner/will");
  const watcher = await Client.connect();
  await watcher.subscribe(topic, 1);
  const clientId = uniqueId("will");
  const will = { topic, payload: "broken", qos: 1 } as const;
  const doomed = await Client.connect({ version: 5, persistent: true, clientId, will });
  await reset(sessionOf(clientId));
  await doomed.expectClose();
  await Client.connect({ version: 5, persistent: true, clientId });
  expect(payloads([await watcher.expect("publish")])).toEqual(["broken"]);
});

test("OWN-5 a session that ended leaves no database and no route", async () => {
  const topic = uniqueId("owner/end");
  const publisher = await Client.connect({ version: 5 });
  for (const goodbye of ["disconnect", "cut", "clean start"] as const) {
    const persistent = goodbye === "clean start";
    const client = await Client.connect({ version: 5, persistent });
    await client.subscribe(topic, 1);
    await publisher.deliver(topic, "unacknowledged", 1);
    await client.expect("publish");
    if (goodbye === "disconnect") await client.disconnect();
    else client.cut();
    await quiet();
    if (persistent) await (await Client.connect({ version: 5, clientId: client.id })).disconnect();
    await eventually(`${goodbye}: no table is left`, async () => (await tablesOf(client.id)) === 0);
    expect(await routesOf(client.id, topic)).toBe(0);
    expect(await runInDurableObject(sessionOf(client.id), (_, { storage }) => storage.getAlarm())).toBe(null);
  }
});

test("OWN-6 a route that outlived its session is removed by the next delivery", async () => {
  const topic = uniqueId("owner/stale");
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 1);
  const publisher = await Client.connect();
  const fault = fail(TopicShard.prototype, "exchange", "before");
  await subscriber.disconnect();
  await eventually("the session has given up", async () => (await tablesOf(subscriber.id)) === 0);
  fault.end();
  expect(await routesOf(subscriber.id, topic)).toBe(1);
  await publisher.deliver(topic, "for nobody", 1);
  expect(await routesOf(subscriber.id, topic)).toBe(0);
  const calls = countOf("object_calls");
  await publisher.deliver(topic, "for nobody", 1);
  expect(countOf("object_calls") - calls).toBe(1);
});

test("OWN-7 a stale route does not reach the next session of its client id, nor take that session's own", async () => {
  const topic = uniqueId("owner/next");
  const clientId = uniqueId("again");
  const first = await Client.connect({ clientId });
  await first.subscribe(topic, 1);
  const publisher = await Client.connect();
  const fault = fail(TopicShard.prototype, "exchange", "before");
  await first.disconnect();
  await eventually("the session has given up", async () => (await tablesOf(clientId)) === 0);
  fault.end();
  const next = await Client.connect({ clientId });
  await publisher.deliver(topic, "not asked for", 1);
  expect(await next.pending()).toEqual([]);
  await next.subscribe(topic, 1);
  await publisher.deliver(topic, "asked for", 1);
  expect(payloads([await next.expect("publish")])).toEqual(["asked for"]);
});
