// Objects sleep while their clients stay connected, and nothing of a conversation is lost by it.

import { evictAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { countOf, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, publishPacket, uniqueId } from "./support/client.ts";
import { reset } from "./support/faults.ts";
import { putToSleep, sessionOf } from "./support/objects.ts";

afterEach(cutClients);

const bothLives = [{ persistent: false }, { persistent: true }] as const;

async function pair(options: { persistent: boolean; receiveMaximum?: number }, qos: 0 | 1 | 2) {
  const topic = uniqueId("hibernation/topic");
  const subscriber = await Client.connect({ version: 5, ...options });
  const publisher = await Client.connect(options);
  await subscriber.subscribe(topic, qos);
  return { topic, subscriber, publisher };
}

test("HIB-1 pings wake nobody, however long the session object has slept", async () => {
  const client = await Client.connect({ persistent: true });
  for (let count = 0; count < 20; count++) await client.ping();
  await quiet();
  await putToSleep(sessionOf(client.id));
  const before = { wakes: countOf("wakes"), messages: countOf("socket_messages") };
  for (let count = 0; count < 20; count++) await client.ping();
  expect({ wakes: countOf("wakes"), messages: countOf("socket_messages") }).toEqual(before);
  // Asleep, not gone: the next packet wakes it.
  await client.subscribe(uniqueId("hibernation/awake"), 0);
  expect(countOf("wakes")).toBeGreaterThan(before.wakes);
});

test.each(bothLives)("HIB-2 subscriptions, identifiers and packets go on as before ($persistent)", async (life) => {
  for (const qos of [0, 1, 2] as const) {
    const { topic, subscriber, publisher } = await pair(life, qos);
    const identifiers: (number | undefined)[] = [];
    for (let count = 0; count < 4; count++) {
      if (qos === 0) publisher.publish(topic, `${count}`, 0);
      else await publisher.deliver(topic, `${count}`, qos);
      const packet = await subscriber.expect("publish");
      expect(packet).toMatchObject({ qos, dup: false });
      expect(packet.payload.toString()).toBe(`${count}`);
      identifiers.push(packet.messageId);
      await subscriber.acknowledge(packet);
      await quiet();
      await evictAllDurableObjects();
    }
    if (qos > 0) expect(new Set(identifiers).size).toBe(4);
    expect(await subscriber.pending()).toEqual([]);
  }
});

test("HIB-3 a packet in two halves is processed when hibernation comes between them", async () => {
  const { topic, subscriber, publisher } = await pair({ persistent: true }, 1);
  const bytes = publisher.encode(publishPacket(topic, "a whole message", 1, { messageId: 7 }));
  for (const cut of [1, 2, 5, bytes.length - 1]) {
    publisher.sendBytes(bytes.slice(0, cut));
    await quiet();
    await evictAllDurableObjects();
    publisher.sendBytes(bytes.slice(cut));
    expect(await publisher.expect("puback")).toMatchObject({ messageId: 7 });
    const packet = await subscriber.expect("publish");
    expect(packet.payload.toString()).toBe("a whole message");
    await subscriber.acknowledge(packet);
  }
});

test.each(bothLives)("HIB-4 Receive Maximum holds across hibernation ($persistent)", async (life) => {
  const { topic, subscriber, publisher } = await pair({ ...life, receiveMaximum: 2 }, 1);
  for (let count = 0; count < 6; count++) await publisher.deliver(topic, `${count}`, 1);
  const received = await subscriber.expectPublishes(2);
  for (let count = 2; count < 6; count++) {
    await quiet();
    await evictAllDurableObjects();
    expect(await subscriber.pending()).toEqual([]);
    await evictAllDurableObjects();
    // The newer of the two first: the window has a hole.
    const [acknowledged] = received.splice(received.length - 1 - (count % 2), 1);
    if (acknowledged !== undefined) await subscriber.acknowledge(acknowledged);
    received.push(await subscriber.expect("publish"));
    expect(received.at(-1)?.payload.toString()).toBe(`${count}`);
  }
});

test("HIB-5 a goodbye to a sleeping object takes the will back", async () => {
  const { topic, subscriber } = await pair({ persistent: true }, 1);
  const doomed = await Client.connect({ will: { topic, payload: "gone", qos: 1 } });
  await quiet();
  await evictAllDurableObjects();
  await doomed.disconnect();
  await quiet();
  expect(await subscriber.pending()).toEqual([]);
});

test("HIB-6 a sleeping connection is taken over by a new one", async () => {
  const { topic, subscriber, publisher } = await pair({ persistent: true }, 1);
  await quiet();
  await evictAllDurableObjects();
  const successor = await Client.connect({ version: 5, persistent: true, clientId: subscriber.id });
  expect(successor.connack?.sessionPresent).toBe(true);
  expect(await subscriber.expect("disconnect")).toMatchObject({ reasonCode: 0x8e });
  await subscriber.expectClose();
  await publisher.deliver(topic, "for the new", 1);
  expect(payloads([await successor.expect("publish")])).toEqual(["for the new"]);
});

test("HIB-7 an object that slept falls asleep again: nothing keeps it awake", async () => {
  const { topic, subscriber, publisher } = await pair({ persistent: true }, 2);
  await publisher.deliver(topic, "m", 2);
  await subscriber.acknowledge(await subscriber.expect("publish"));
  const before = countOf("wakes");
  // Eviction waits for what is under way and fails if that does not end.
  await evictAllDurableObjects();
  await subscriber.subscribe(uniqueId("hibernation/awake"), 0);
  await eventually("the object woke anew", () => countOf("wakes") > before);
});

test("HIB-8 a will is sent when the connection of a sleeping object breaks", async () => {
  const { topic, subscriber } = await pair({ persistent: true }, 1);
  const doomed = await Client.connect({ will: { topic, payload: "gone", qos: 1 } });
  await quiet();
  await evictAllDurableObjects();
  doomed.cut();
  expect(payloads([await subscriber.expect("publish")])).toEqual(["gone"]);
});

test("HIB-9 the window of a sleeping object is exact when its connection breaks", async () => {
  const { topic, subscriber, publisher } = await pair({ persistent: true }, 1);
  // One batch, so that they lie in one segment.
  const batch = Array.from({ length: 20 }, (_, index) =>
    publisher.encode(publishPacket(topic, `${index}`, 1, { messageId: index + 1 })),
  );
  publisher.sendBytes(Buffer.concat(batch));
  const received = await subscriber.expectPublishes(20);
  const unfinished = [3, 17];
  for (const [index, packet] of received.entries())
    if (!unfinished.includes(index)) await subscriber.acknowledge(packet);
  await quiet();
  await evictAllDurableObjects();
  subscriber.cut();
  await quiet();
  const again = await Client.connect({ version: 5, persistent: true, clientId: subscriber.id });
  const resent = await again.expectPublishes(2);
  expect(resent).toMatchObject(unfinished.map((index) => ({ dup: true, messageId: received[index]?.messageId })));
  expect(await again.pending()).toEqual([]);
});

test("HIB-10 a session expires when its connection broke while its object slept", async () => {
  const client = await Client.connect({ version: 5, sessionExpiryInterval: 1 });
  await client.subscribe(uniqueId("hibernation/expiry"), 1);
  await quiet();
  await evictAllDurableObjects();
  client.cut();
  const stub = sessionOf(client.id);
  await eventually("the alarm is set for the expiry", () =>
    runInDurableObject(stub, async (_, state) => ((await state.storage.getAlarm()) ?? 0) <= Date.now() + 1_000),
  );
});

test("HIB-11 topic aliases hold across hibernation, in both directions", async () => {
  const topics = ["first", "second"].map((name) => uniqueId(`hibernation/alias/${name}`));
  const client = await Client.connect({ version: 5, persistent: true, topicAliasMaximum: 10 });
  for (const topic of topics) await client.subscribe(topic, 1);
  const nameOf = new Map<number, string>();
  const exchange = async (topic: string, round: number, topicAlias: number) => {
    // The name goes with its alias in the first round alone.
    client.publish(round === 0 ? topic : "", `${round}`, 1, { properties: { topicAlias } });
    let name: string | undefined;
    for (let answers = 0; answers < 2; answers++) {
      const packet = await client.next();
      if (packet.cmd !== "publish") continue;
      const alias = packet.properties?.topicAlias ?? 0;
      if (packet.topic !== "") nameOf.set(alias, packet.topic);
      name = packet.topic === "" ? nameOf.get(alias) : packet.topic;
      await client.acknowledge(packet);
    }
    expect(name).toBe(topic);
  };
  for (let round = 0; round < 3; round++) {
    // In another order after each sleep.
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const index of order) await exchange(topics[index] as string, round, index + 1);
    await quiet();
    await evictAllDurableObjects();
  }
});

test.each([{ what: "an expiry" }, { what: "a will", will: { payload: "gone", qos: 1 as const } }])(
  "HIB-12 messages for a client that was lost with its object do not put off what is due for it: $what",
  async ({ will }) => {
    const topic = uniqueId("hibernation/lost");
    const lost = await Client.connect({
      version: 5,
      sessionExpiryInterval: 60,
      ...(will === undefined ? {} : { will: { topic: `${topic}/will`, ...will } }),
    });
    await lost.subscribe(topic, 1);
    const publisher = await Client.connect();
    await quiet();
    const alarm = () => runInDurableObject(sessionOf(lost.id), (_, { storage }) => storage.getAlarm());
    const looksAtMs = await alarm();
    await reset(sessionOf(lost.id));
    for (const payload of ["1", "2"]) {
      await publisher.deliver(topic, payload, 1);
      await quiet();
      expect(await alarm()).toBe(looksAtMs);
      await evictDurableObject(sessionOf(lost.id), { webSockets: "hibernate" });
    }
  },
);
