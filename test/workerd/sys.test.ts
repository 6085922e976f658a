// $SYS: told to those who subscribe and may, by their edge, without a row, a message published, or anybody else's object; and over HTTP.

import { afterEach, describe, expect, test, vi } from "vitest";
import { sysTopicNames } from "../../src/topic/sys.ts";
import { addRule } from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { measure } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { putToSleep, sessionOf } from "./support/objects.ts";

afterEach(cutClients);

async function told(client: Client, count: number): Promise<Record<string, string>> {
  const packets = await client.expectPublishes(count);
  expect(packets.every(({ qos, retain }) => qos === 0 && retain)).toBe(true);
  return Object.fromEntries(packets.map(({ topic, payload }) => [topic, payload.toString()]));
}

test("SYS-1 who subscribes is told at once, like of what is retained: the topics that the filter matches", async () => {
  const client = await Client.connect({ version: 5 });
  await client.subscribe("$SYS/#", 1);
  const values = await told(client, sysTopicNames.length);
  expect(Object.keys(values)).toEqual(sysTopicNames);
  expect(values["$SYS/broker/version"]).toMatch(/^DurableMQ \d/);
  expect(Number(values["$SYS/broker/clients/total"])).toBeGreaterThan(0);
  expect(Number(values["$SYS/broker/subscriptions/count"])).toBeGreaterThan(0);
  expect(values["$SYS/broker/uptime"]).toMatch(/^\d+ seconds$/);
});

test("SYS-2 [MQTT-4.7.2-1] a filter that begins with a wildcard gets nothing of it", async () => {
  const client = await Client.connect();
  for (const filter of ["#", "+/broker/version", "+/#"]) await client.subscribe(filter, 0);
  const topic = uniqueId("sys/other");
  client.publish(topic, "x", 0);
  expect((await client.expect("publish")).topic).toBe(topic);
});

test("SYS-3 nothing more after UNSUBSCRIBE, and the rest of what is subscribed to goes on", async () => {
  const client = await Client.connect();
  await client.subscribe("$SYS/broker/clients/+", 0);
  await told(client, 3);
  await client.subscribe("$SYS/broker/version", 0);
  await told(client, 4);
  client.send({ cmd: "unsubscribe", messageId: 77, unsubscriptions: ["$SYS/broker/clients/+"] });
  // What is told and UNSUBACK come in either order.
  const packets = [await client.next(), await client.next()];
  expect(packets.map(({ cmd }) => cmd).toSorted()).toEqual(["publish", "unsuback"]);
  expect(packets.find(({ cmd }) => cmd === "publish")).toMatchObject({ topic: "$SYS/broker/version" });
});

test("SYS-4 a session that is resumed is told anew, and a client that sleeps loses nothing of it", async () => {
  const clientId = uniqueId();
  const options = { version: 5, clientId, clean: false, sessionExpiryInterval: 100 } as const;
  const first = await Client.connect(options);
  await first.subscribe("$SYS/broker/version", 0);
  await told(first, 1);
  await putToSleep(sessionOf(clientId));
  first.cut();
  const again = await Client.connect(options);
  expect(Object.keys(await told(again, 1))).toEqual(["$SYS/broker/version"]);
});

test("SYS-5 access rules hold as for any topic: a filter that is denied, and a part of one that is", async () => {
  const clientId = uniqueId();
  const subject = { subjectKind: "client", subject: clientId, effect: "deny" } as const;
  await addRule({ ...subject, filter: "$SYS/broker/clients/#" });
  const client = await Client.connect({ version: 5, clientId });
  client.send({ cmd: "subscribe", messageId: 5, subscriptions: [{ topic: "$SYS/broker/clients/total", qos: 0 }] });
  expect((await client.expect("suback")).granted).toEqual([0x87]);
  await client.subscribe("$SYS/broker/#", 0);
  const topics = Object.keys(await told(client, sysTopicNames.length - 3));
  expect(topics.filter((topic) => topic.includes("/clients/"))).toEqual([]);
});

test("BILL-21 being told costs no row, and no more calls while it was asked a moment ago", async () => {
  const client = await Client.connect();
  await client.subscribe("$SYS/broker/clients/total", 0);
  await told(client, 1);
  const bill = await measure(1, async () => {
    await client.subscribe("$SYS/broker/clients/connected", 0);
    await told(client, 2);
  });
  // SUBSCRIBE itself: its own row and its route.
  expect(bill.rows_written).toBeLessThanOrEqual(3);
  expect(bill.object_calls).toBe(1);
});

describe("over HTTP", () => {
  test("SYS-7 all of it, or what a filter matches", async () => {
    const { items } = await manage("GET", "/sys");
    expect(items.map(({ topic }: { topic: string }) => topic)).toEqual(sysTopicNames);
    const one = await manage("GET", "/sys?filter=%24SYS/broker/version");
    expect(one.items).toHaveLength(1);
    expect((await manage("GET", "/sys?filter=%23")).items).toEqual([]);
  });

  test("SYS-8 counts are those of the objects", async () => {
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    try {
      const id = uniqueId();
      const before = await numberAt("$SYS/broker/subscriptions/count");
      const filters = [{ filter: `${id}/a` }, { filter: "+/#" }, { filter: `$share/g/${id}` }];
      await manage("PUT", `/sessions/${id}`, { subscriptions: filters });
      await manage("PUT", `/retained/${id}`, { payload: "x" });
      vi.setSystemTime(Date.now() + 60_000);
      expect((await numberAt("$SYS/broker/subscriptions/count")) - before).toBe(3);
      expect(await numberAt("$SYS/broker/retained messages/count")).toBeGreaterThan(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("SYS-9 400 for what is no filter", async () => {
    expect((await api("GET", "/sys?filter=a/%23/b")).status).toBe(400);
  });
});

async function numberAt(topic: string): Promise<number> {
  const { items } = await manage("GET", `/sys?filter=${encodeURIComponent(topic)}`);
  return Number(items[0].value);
}
