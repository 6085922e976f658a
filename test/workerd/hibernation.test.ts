// Objects sleep while their clients stay connected, and nothing of a conversation is lost by it.

import { evictAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { countOf, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, publishPacket, uniqueId } from "./support/client.ts";
import { sessionOf } from "./support/objects.ts";

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
  await evictDurableObject(sessionOf(client.id), { webSockets: "hibernate" });
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
