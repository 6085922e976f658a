// A target session that is slow, hangs or fails: its publisher is acknowledged after the deadline, and what is owed is
// delivered afterwards, in order, once.

import { afterEach, expect, test } from "vitest";
import { sessionName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { eventually } from "../support/eventually.ts";
import { countOf } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { Consumer } from "./support/consumer.ts";
import { endFaults, everybodySleeps, fail, hold, reset, slow } from "./support/faults.ts";
import { rowsOf, sessionOf, shardOfTopic } from "./support/objects.ts";

const consumers: Consumer[] = [];
afterEach(async () => {
  endFaults();
  for (const consumer of consumers.splice(0)) await consumer.stop();
  cutClients();
});

/** Fan-out deadline and what a busy machine adds to it. */
const deadlineMs = 800;
const acknowledgedWithinMs = 4_000;

async function consumerOf(topic: string): Promise<Consumer> {
  const consumer = await Consumer.subscribed(topic, 2);
  consumers.push(consumer);
  return consumer;
}

const ways = {
  "hangs before it takes a delivery": (target: string) =>
    hold(SessionObject.prototype, "deliver", "before", is(target)),
  "hangs after it took a delivery": (target: string) => hold(SessionObject.prototype, "deliver", "after", is(target)),
  "fails before it takes a delivery": (target: string) =>
    fail(SessionObject.prototype, "deliver", "before", is(target)),
  "fails after it took a delivery": (target: string) => fail(SessionObject.prototype, "deliver", "after", is(target)),
};

function is(clientId: string): (name: string | undefined) => boolean {
  return (name) => name === sessionName(clientId);
}

test.each(Object.keys(ways) as (keyof typeof ways)[])("OWE-1 a target that %s", async (way) => {
  const topic = uniqueId("target/fault");
  const consumer = await consumerOf(topic);
  const bystander = await consumerOf(topic);
  const publisher = await Client.connect({ persistent: true });
  await publisher.deliver(topic, "0", 1);
  await eventually("the first arrives", () => consumer.payloads.length === 1);

  const owedBefore = countOf("deliveries_owed");
  const fault = ways[way](consumer.id);
  let sent = 0;
  const startMs = Date.now();
  for (const qos of [1, 2, 1] as const) await publisher.deliver(topic, `${++sent}`, qos);
  expect(Date.now() - startMs).toBeLessThan(acknowledgedWithinMs);
  if (way.startsWith("hangs")) expect(Date.now() - startMs).toBeGreaterThanOrEqual(deadlineMs);
  expect(bystander.payloads).toEqual(["0", "1", "2", "3"]);
  expect(countOf("deliveries_owed") - owedBefore).toBe(3);
  // The first as it was under way; the others are one call.
  expect(await rowsOf(shardOfTopic(topic), "owed")).toBe(2);

  fault.end();
  await eventually("what was owed arrives", () => consumer.payloads.includes("3"));
  await publisher.deliver(topic, "4", 2);
  await eventually("the last arrives", () => consumer.payloads.includes("4"));
  expect(consumer.payloads).toEqual(["0", "1", "2", "3", "4"]);
  await eventually("the outbox is empty", async () => (await rowsOf(shardOfTopic(topic), "owed")) === 0);
});

test.each(["sleeps", "is reset"] as const)("OWE-2 what a shard owes survives that it %s", async (how) => {
  const topic = uniqueId("target/owed");
  const consumer = await consumerOf(topic);
  const publisher = await Client.connect();
  const fault = fail(SessionObject.prototype, "deliver", "before", is(consumer.id));
  for (const payload of ["1", "2"]) await publisher.deliver(topic, payload, 2);
  if (how === "sleeps") await everybodySleeps();
  else await reset(shardOfTopic(topic));
  // A later message must not overtake what is owed, though the shard has forgotten that it owes.
  fault.end();
  await publisher.deliver(topic, "3", 2);
  await eventually("everything arrives", () => consumer.payloads.includes("3"));
  expect(consumer.payloads).toEqual(["1", "2", "3"]);
});

test("OWE-3 a QoS 0 message is not owed: who does not take it misses it", async () => {
  const topic = uniqueId("target/zero");
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 2);
  const publisher = await Client.connect();
  const fault = fail(SessionObject.prototype, "deliver", "before", is(subscriber.id));
  publisher.publish(topic, "missed", 0);
  await fault.reached();
  fault.end();
  await publisher.deliver(topic, "taken", 1);
  expect(payloads([await subscriber.expect("publish")])).toEqual(["taken"]);
});

test("OWE-4 a delivery that comes late, and again from the outbox, is taken once at QoS 1 too", async () => {
  const topic = uniqueId("target/late");
  const subscriber = await Client.connect({ persistent: true });
  await subscriber.subscribe(topic, 1);
  const publisher = await Client.connect();
  const held = hold(SessionObject.prototype, "deliver", "before", is(subscriber.id));
  await publisher.deliver(topic, "late", 1);
  held.end();
  await eventually("the outbox is empty", async () => (await rowsOf(shardOfTopic(topic), "owed")) === 0);
  expect(payloads(await subscriber.pending())).toEqual(["late"]);
});

test("OWE-5 a target whose object starts anew again and again gets everything in the end", async () => {
  const topic = uniqueId("target/restarts");
  const consumer = await consumerOf(topic);
  const publisher = await Client.connect();
  const expected = Array.from({ length: 12 }, (_, index) => `${index}`);
  for (const payload of expected) {
    publisher.publish(topic, payload, 2);
    await reset(sessionOf(consumer.id));
  }
  await eventually("everything arrives", () => consumer.payloads.length >= expected.length);
  expect(consumer.payloads).toEqual(expected);
});

test("OWE-6 a target that is late once, with many publishers who go on, is owed nothing soon, and QoS 0 reaches it", async () => {
  const topic = uniqueId("target/once");
  const consumer = await consumerOf(topic);
  const publishers = await Promise.all(Array.from({ length: 8 }, () => Client.connect()));
  slow(SessionObject.prototype, "deliver", 30, is(consumer.id));
  const held = hold(SessionObject.prototype, "deliver", "before", is(consumer.id));
  let isOver = false;
  const sent = publishers.map(async (publisher, index) => {
    const payloads: string[] = [];
    for (let count = 0; !isOver; count++) {
      payloads.push(`${index}.${count}`);
      await publisher.deliver(topic, payloads.at(-1) as string, count % 2 === 0 ? 1 : 2);
      // All are in one thread, whose timers ring when it has nothing else to do.
      await scheduler.wait(5);
    }
    return payloads;
  });
  await eventually("it is owed", async () => (await rowsOf(shardOfTopic(topic), "owed")) > 0);
  held.end();
  await eventually("it is owed nothing", async () => (await rowsOf(shardOfTopic(topic), "owed")) === 0);
  publishers[0]?.publish(topic, "zero", 0);
  await eventually("QoS 0 arrives", () => consumer.payloads.includes("zero"));
  isOver = true;
  const expected = await Promise.all(sent);
  await eventually("everything arrives", () => consumer.payloads.length > expected.flat().length);
  for (const [index, payloads] of expected.entries()) {
    expect(consumer.payloads.filter((payload) => payload.startsWith(`${index}.`))).toEqual(payloads);
  }
});
