// What a shard keeps for later is limited, and what it took is not refused any more by a full queue.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { configOf } from "../../worker/config.ts";
import { eventually } from "../support/eventually.ts";
import { records } from "../support/records.ts";
import { countFor, countOf } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { rowsOf, shardIndexOf, shardOfTopic } from "./support/objects.ts";
import { absentSubscriber, comeBack, queueMessagesMax } from "./support/queue.ts";

const delayedMessagesMax = 3;
configOf({
  ...env,
  QUEUE_POLICY: "reject",
  QUEUE_MESSAGES_MAX: `${queueMessagesMax}`,
  DELAYED_MESSAGES_MAX: `${delayedMessagesMax}`,
});
afterEach(cutClients);

const quotaExceeded = 0x97;

const shardsUsed = new Set<number>();

/** What a test before has left in a shard would count. */
function topicInFreshShard(prefix: string): string {
  let topic: string;
  do topic = uniqueId(prefix);
  while (shardsUsed.has(shardIndexOf(topic)));
  shardsUsed.add(shardIndexOf(topic));
  return topic;
}

function kept(topic: string): Promise<number> {
  return rowsOf(shardOfTopic(topic), "delayed");
}

test("DLF-1 beyond the limit a 5.0 publisher gets 0x97, and its message is not kept", async () => {
  const topic = topicInFreshShard("limits/five");
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 1);
  const publisher = await Client.connect({ version: 5 });
  const refusals = countFor("refusals", "delayed-full");
  for (const [index, reasonCode] of [0, 0, 0, quotaExceeded].entries()) {
    publisher.publish(`$delayed/2/${topic}`, `${index}`, 1);
    expect(await publisher.expect("puback")).toMatchObject({ reasonCode });
  }
  publisher.publish(`$delayed/2/${topic}`, "4", 2);
  expect(await publisher.expect("pubrec")).toMatchObject({ reasonCode: quotaExceeded });
  publisher.publish(`$delayed/2/${topic}`, "5", 0);
  publisher.publish(topic, "not delayed", 1);
  expect(await publisher.expect("puback")).toMatchObject({ reasonCode: 0 });
  expect(countFor("refusals", "delayed-full") - refusals).toBe(3);
  expect(payloads(await subscriber.expectPublishes(4))).toEqual(["not delayed", "0", "1", "2"]);
  // There is room again.
  publisher.publish(`$delayed/1/${topic}`, "6", 1);
  expect(await publisher.expect("puback")).toMatchObject({ reasonCode: 0 });
});

test("DLF-2 before 5.0 the connection ends, and the client keeps the message", async () => {
  const topic = topicInFreshShard("limits/four");
  const publisher = await Client.connect({ version: 4 });
  for (let count = 0; count < delayedMessagesMax; count++) await publisher.deliver(`$delayed/60/${topic}`, "m", 1);
  publisher.publish(`$delayed/60/${topic}`, "too much", 1);
  await publisher.expectClose();
  expect(await kept(topic)).toBe(delayedMessagesMax);
});

test("DLF-3 what a full queue does not take at the release is owed to it, in order and once", async () => {
  const absent = await absentSubscriber(2, topicInFreshShard("limits/owed"));
  const publisher = await Client.connect({ version: 5 });
  const payload = (count: number) => `${count}`;
  for (let count = 0; count < queueMessagesMax - 1; count++) await publisher.deliver(absent.topic, payload(count), 1);
  const owed = countOf("deliveries_owed");
  for (let count = queueMessagesMax - 1; count < queueMessagesMax + 2; count++) {
    await publisher.deliver(`$delayed/1/${absent.topic}`, payload(count), 2);
  }
  await eventually("they left", async () => (await kept(absent.topic)) === 0);
  expect(countOf("deliveries_owed") - owed).toBeGreaterThan(0);
  const client = await comeBack(absent);
  const received: string[] = [];
  const expected = Array.from({ length: queueMessagesMax + 2 }, (_, count) => payload(count));
  let finished = 0;
  while (finished < expected.length) {
    // What is owed is tried again after half a second, then ever less often, at last once a minute.
    const packet = await client.next(70_000);
    const { messageId = 0 } = packet;
    if (packet.cmd === "publish") received.push(packet.payload.toString());
    if (packet.cmd === "publish" && packet.qos === 2) client.send({ cmd: "pubrec", messageId });
    else client.send({ cmd: packet.cmd === "pubrel" ? "pubcomp" : "puback", messageId });
    if (packet.cmd === "pubrel" || (packet.cmd === "publish" && packet.qos === 1)) finished++;
  }
  expect(received).toEqual(expected);
  await eventually("nothing is owed", async () => (await rowsOf(shardOfTopic(absent.topic), "owed")) === 0, 70_000);
  expect(await client.pending()).toEqual([]);
}, 200_000);

test("DLF-4 very many that a full queue does not take are few rows in the outbox", async () => {
  const absent = await absentSubscriber(2, topicInFreshShard("limits/owed"));
  const publisher = await Client.connect();
  for (let count = 0; count < queueMessagesMax; count++) await publisher.deliver(absent.topic, `${count}`, 1);
  const owed = countOf("deliveries_owed");
  const count = 1_500;
  await runInDurableObject(shardOfTopic(absent.topic), async (_, { storage }) => {
    for (let id = 1; id <= count; id++) {
      const row = [1_000, id, `c:${id}`, 1, records(`${absent.topic}:${id} q1`)];
      storage.sql.exec("INSERT INTO delayed VALUES (?, ?, ?, ?, ?)", ...row);
    }
    await storage.setAlarm(Date.now());
  });
  await eventually("they left", async () => (await kept(absent.topic)) === 0);
  // One for each page.
  expect(countOf("deliveries_owed") - owed).toBe(2);
});

test("DLF-5 a group keeps what is released to it beyond its limit", async () => {
  const topic = topicInFreshShard("limits/share");
  const filter = `$share/g/${topic}`;
  const options = { clientId: uniqueId(), persistent: true };
  const member = await Client.connect(options);
  await member.subscribe(filter, 1);
  await member.disconnect();
  const publisher = await Client.connect({ version: 5 });
  for (let count = 0; count < queueMessagesMax; count++) await publisher.deliver(topic, `${count}`, 1);
  publisher.publish(topic, "too much", 1);
  expect(await publisher.expect("puback")).toMatchObject({ reasonCode: quotaExceeded });
  await publisher.deliver(`$delayed/1/${topic}`, "released", 1);
  await eventually("it left", async () => (await kept(topic)) === 0);
  const again = await Client.connect(options);
  const received: string[] = [];
  while (received.length <= queueMessagesMax) {
    const packet = await again.expect("publish");
    received.push(packet.payload.toString());
    await again.acknowledge(packet);
  }
  expect(received).toEqual([...Array.from({ length: queueMessagesMax }, (_, count) => `${count}`), "released"]);
});
