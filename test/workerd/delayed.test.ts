// Delayed messages: kept by the shard of their topic, published by its alarm when their time has come, whatever happens
// to the shard meanwhile.

import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { sessionName, shardName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { eventually } from "../support/eventually.ts";
import { records } from "../support/records.ts";
import { countOf } from "./support/bill.ts";
import { Client, cutClients, payloads, publishPacket, uniqueId } from "./support/client.ts";
import { Consumer } from "./support/consumer.ts";
import { endFaults, everybodySleeps, hold, reset, vanish } from "./support/faults.ts";
import { rowsOf, shardIndexOf, shardOfTopic } from "./support/objects.ts";

/** Messages that are due at about the same time leave together. */
const stepMs = 100;

const consumers: Consumer[] = [];
afterEach(async () => {
  endFaults();
  for (const consumer of consumers.splice(0)) await consumer.stop();
  cutClients();
});

async function consumerOf(topic: string, qos: 0 | 1 | 2 = 2): Promise<Consumer> {
  const consumer = await Consumer.subscribed(topic, qos);
  consumers.push(consumer);
  return consumer;
}

function later(seconds: number, topic: string): string {
  return `$delayed/${seconds}/${topic}`;
}

function alarmOf(topic: string): Promise<number | null> {
  return runInDurableObject(shardOfTopic(topic), (_, state) => state.storage.getAlarm());
}

function keptOf(topic: string): Promise<number> {
  return rowsOf(shardOfTopic(topic), "delayed");
}

test.each([0, 1, 2] as const)("DLY-1 a QoS %i message is published after its seconds, and not before", async (qos) => {
  const topic = uniqueId("delayed/time");
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 2);
  const publisher = await Client.connect();
  const sentMs = Date.now();
  if (qos === 0) publisher.publish(later(1, topic), "m", 0);
  else await publisher.deliver(later(1, topic), "m", qos);
  await eventually("it is kept", async () => (await keptOf(topic)) === 1);
  const keptMs = Date.now();
  const alarmMs = (await alarmOf(topic)) ?? 0;
  expect(alarmMs).toBeGreaterThanOrEqual(sentMs + 1_000);
  expect(alarmMs).toBeLessThanOrEqual(keptMs + 1_000 + stepMs);
  const packet = await subscriber.expect("publish");
  expect(Date.now()).toBeGreaterThanOrEqual(alarmMs);
  expect(packet).toMatchObject({ topic, qos, retain: false, dup: false });
  await subscriber.acknowledge(packet);
  await eventually("it is forgotten", async () => (await keptOf(topic)) === 0);
});

test("DLY-2 they come by their time, and those of one time in the order in which they were published", async () => {
  const topic = uniqueId("delayed/order");
  const consumer = await consumerOf(topic);
  const publishers = [await Client.connect(), await Client.connect()];
  const expected: string[] = [];
  for (const [index, publisher] of [...publishers, ...publishers].entries()) {
    await publisher.deliver(later(2, topic), `late ${index}`, 2);
    expected.push(`late ${index}`);
  }
  await publishers[0]?.deliver(later(1, topic), "early", 2);
  await publishers[1]?.deliver(topic, "at once", 2);
  await eventually("all arrive", () => consumer.payloads.length >= 6);
  expect(consumer.payloads).toEqual(["at once", "early", ...expected]);
});

test.each(["sleeps", "is reset"] as const)(
  "DLY-3 they come though the shard %s, and no alarm is set anew",
  async (how) => {
    const topic = uniqueId("delayed/wake");
    const consumer = await consumerOf(topic);
    const publisher = await Client.connect();
    await publisher.deliver(later(2, topic), "1", 2);
    await publisher.deliver(later(2, topic), "2", 1);
    if (how === "sleeps") await everybodySleeps();
    else await reset(shardOfTopic(topic));
    const set = countOf("alarms_set");
    await publisher.deliver(topic, "0", 1);
    expect(countOf("alarms_set")).toBe(set);
    await eventually("all arrive", () => consumer.payloads.length >= 3);
    expect(consumer.payloads).toEqual(["0", "1", "2"]);
  },
);

test("DLY-4 an alarm that the platform has given up is set again when the shard wakes", async () => {
  const topic = uniqueId("delayed/lost");
  const consumer = await consumerOf(topic);
  await runInDurableObject(shardOfTopic(topic), (_, { storage }) => {
    const row = [Date.now() - 600_000, 1, "c:somebody", 1, records(`${topic}:m q1`)];
    storage.sql.exec("INSERT INTO delayed VALUES (?, ?, ?, ?, ?)", ...row);
  });
  expect(await alarmOf(topic)).toBeNull();
  await reset(shardOfTopic(topic));
  await runInDurableObject(shardOfTopic(topic), () => {});
  await eventually("it arrives", () => consumer.payloads.length > 0);
  expect(consumer.payloads).toEqual(["m"]);
});

test("DLY-5 a QoS 2 message whose shard was reset before it could answer is kept once", async () => {
  const topic = uniqueId("delayed/accept");
  const consumer = await consumerOf(topic);
  const publisher = await Client.connect();
  const shard = shardName(shardIndexOf(topic));
  const held = hold(TopicShard.prototype, "exchange", "after", (name) => name === shard);
  const messageId = publisher.publish(later(2, topic), "once", 2);
  await eventually("it is kept", async () => (await keptOf(topic)) === 1);
  await reset(shardOfTopic(topic));
  held.end();
  await publisher.expect("pubrec");
  expect(await keptOf(topic)).toBe(1);
  publisher.send({ cmd: "pubrel", messageId });
  await publisher.expect("pubcomp");
  await publisher.deliver(later(2, topic), "end", 2);
  await eventually("all arrive", () => consumer.payloads.includes("end"));
  expect(consumer.payloads).toEqual(["once", "end"]);
});

test("DLY-6 a release that is cut short begins anew: QoS 2 and QoS 0 come once, and no retained message goes back", async () => {
  const topic = uniqueId("delayed/release");
  const consumer = await consumerOf(topic);
  const publisher = await Client.connect();
  // In one frame, so that they are kept as one.
  const messageId = publisher.packetId();
  const together = [
    publishPacket(later(1, topic), "qos 0", 0),
    publishPacket(later(1, topic), "old", 2, { messageId, retain: true }),
  ];
  publisher.sendBytes(Buffer.concat(together.map((packet) => publisher.encode(packet))));
  await publisher.expect("pubrec");
  const held = hold(SessionObject.prototype, "deliver", "after", (name) => name === sessionName(consumer.id));
  await held.reached();
  await eventually("it was taken", () => consumer.payloads.includes("old"));
  await reset(shardOfTopic(topic));
  held.end();
  expect(await keptOf(topic)).toBe(1);
  await publisher.deliver(topic, "new", 2, { retain: true });
  await eventually("the release is finished", async () => (await keptOf(topic)) === 0);
  await publisher.deliver(topic, "end", 2);
  await eventually("all arrive", () => consumer.payloads.includes("end"));
  expect(consumer.payloads).toEqual(["qos 0", "old", "new", "end"]);
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 1);
  expect(payloads([await subscriber.next()])).toEqual(["new"]);
});

test("DLY-7 RETAIN counts at the release", async () => {
  const topic = uniqueId("delayed/retain");
  const publisher = await Client.connect();
  await publisher.deliver(later(1, topic), "kept", 1, { retain: true });
  const before = await Client.connect();
  await before.subscribe(topic, 1);
  expect(await before.expect("publish")).toMatchObject({ retain: false });
  const after = await Client.connect();
  await after.subscribe(topic, 1);
  expect(await after.expect("publish")).toMatchObject({ topic, retain: true });
});

test("DLY-8 No Local knows who published it", async () => {
  const topic = uniqueId("delayed/local");
  const client = await Client.connect({ version: 5 });
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1, nl: true }] });
  await client.expect("suback");
  const other = await Client.connect();
  await client.deliver(later(1, topic), "own", 1);
  await other.deliver(later(1, topic), "another's", 1);
  expect(payloads([await client.expect("publish")])).toEqual(["another's"]);
});

test("DLY-9 a will for a delayed topic", async () => {
  const topic = uniqueId("delayed/will");
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 2);
  const client = await Client.connect({ will: { topic: later(1, topic), payload: "gone", qos: 1 } });
  await vanish(client);
  await eventually("it is kept", async () => (await keptOf(topic)) === 1);
  expect(payloads([await subscriber.expect("publish")])).toEqual(["gone"]);
});

test("DLY-10 an alias stands for the whole name, and the expiry interval counts from the release", async () => {
  const topic = uniqueId("delayed/alias");
  const subscriber = await Client.connect({ version: 5 });
  await subscriber.subscribe(topic, 1);
  const publisher = await Client.connect({ version: 5 });
  const properties = { topicAlias: 1, messageExpiryInterval: 1 };
  await publisher.deliver(later(2, topic), "1", 1, { properties });
  await publisher.deliver("", "2", 1, { properties });
  const packets = await subscriber.expectPublishes(2);
  expect(payloads(packets)).toEqual(["1", "2"]);
  for (const packet of packets) expect(packet.properties?.messageExpiryInterval).toBe(1);
});

test("DLY-11 whoever is away finds them in its queue", async () => {
  const topic = uniqueId("delayed/away");
  const options = { clientId: uniqueId(), persistent: true };
  const before = await Client.connect(options);
  await before.subscribe(topic, 1);
  await before.disconnect();
  const publisher = await Client.connect();
  await publisher.deliver(later(1, topic), "1", 1);
  await eventually("it left", async () => (await keptOf(topic)) === 0);
  const after = await Client.connect(options);
  expect(payloads([await after.expect("publish")])).toEqual(["1"]);
});

test("DLY-12 more than a page is published in one go, in order", async () => {
  const topic = uniqueId("delayed/pages");
  const consumer = await consumerOf(topic);
  const count = 2_500;
  await runInDurableObject(shardOfTopic(topic), async (_, { storage }) => {
    const dueAtMs = Date.now();
    for (let id = 1; id <= count; id++) {
      const row = [dueAtMs, id, "c:somebody", 1, records(`${topic}:${id} q2`)];
      storage.sql.exec("INSERT INTO delayed VALUES (?, ?, ?, ?, ?)", ...row);
    }
    await storage.setAlarm(dueAtMs);
  });
  await eventually("all arrive", () => consumer.payloads.length >= count, 20_000);
  expect(consumer.payloads).toEqual(Array.from({ length: count }, (_, index) => `${index + 1}`));
  expect(await keptOf(topic)).toBe(0);
});

test("DLY-13 a session that hangs in the outbox does not hold them up", async () => {
  const topic = uniqueId("delayed/hang");
  const hanging = await consumerOf(`${topic}/hangs`);
  const subscriber = await Client.connect();
  await subscriber.subscribe(`${topic}/on`, 1);
  const publisher = await Client.connect();
  const held = hold(SessionObject.prototype, "deliver", "before", (name) => name === sessionName(hanging.id));
  await publisher.deliver(`${topic}/hangs`, "owed", 1);
  await publisher.deliver(later(3, `${topic}/on`), "in time", 1);
  const dueMs = Date.now() + 3_000;
  expect(payloads([await subscriber.expect("publish")])).toEqual(["in time"]);
  // The outbox waits up to 10 s for a session, and has begun 3 s before that.
  expect(Date.now()).toBeLessThan(dueMs + 6_000);
  held.end();
  await eventually("what was owed arrives", () => hanging.payloads.includes("owed"), 15_000);
});

test("DLY-14 one member of a share gets it", async () => {
  const topic = uniqueId("delayed/share");
  const members = [await consumerOf(`$share/g/${topic}`), await consumerOf(`$share/g/${topic}`)];
  const publisher = await Client.connect();
  for (const qos of [1, 2] as const) await publisher.deliver(later(1, topic), `${qos}`, qos);
  await eventually("all arrive", () => members.flatMap((member) => member.payloads).length >= 2);
  await eventually("they left", async () => (await keptOf(topic)) === 0);
  expect(members.flatMap((member) => member.payloads).sort()).toEqual(["1", "2"]);
});
