// A full queue under the policy "reject": the publisher is told, in the words of its version, and nothing is given up.

import { afterEach, expect, test } from "vitest";
import { SessionObject } from "../../worker/session/object.ts";
import { eventually } from "../support/eventually.ts";
import { countFor } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, fail, reset } from "./support/faults.ts";
import { rowsOf, shardOfTopic } from "./support/objects.ts";
import { absentSubscriber, comeBack, configureQueue, dropsOf, queueBytesMax } from "./support/queue.ts";

configureQueue("reject");
afterEach(() => {
  endFaults();
  cutClients();
});

const quotaExceeded = 0x97;
const outcomes = [0, 0, 0, 0, quotaExceeded, quotaExceeded];

test("QUE-1 a 5.0 publisher gets 0x97 on PUBACK for what does not fit", async () => {
  const absent = await absentSubscriber();
  const refusals = countFor("refusals", "queue-full");
  const publisher = await Client.connect({ version: 5 });
  for (const [index, outcome] of outcomes.entries()) {
    const messageId = publisher.publish(absent.topic, `${index}`, 1);
    expect((await publisher.expect("puback")) as object).toMatchObject({ messageId, reasonCode: outcome });
  }
  expect(countFor("refusals", "queue-full") - refusals).toBe(2);
  expect(await dropsOf(absent)).toEqual({});
  const client = await comeBack(absent);
  const received = await client.expectPublishes(4);
  expect(payloads(received)).toEqual(["0", "1", "2", "3"]);
  for (const packet of received) await client.acknowledge(packet);
  expect(await client.pending()).toEqual([]);
  // There is room again.
  publisher.publish(absent.topic, "4", 1);
  expect(await publisher.expect("puback")).toMatchObject({ reasonCode: 0 });
  expect(payloads([await client.expect("publish")])).toEqual(["4"]);
});

test("QUE-2 a 5.0 publisher gets 0x97 on PUBREC, which frees the identifier", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5, persistent: true });
  for (const [index, reasonCode] of outcomes.entries()) {
    const messageId = publisher.publish(absent.topic, `${index}`, 2);
    expect(await publisher.expect("pubrec")).toMatchObject({ messageId, reasonCode });
    if (reasonCode !== 0) continue;
    publisher.send({ cmd: "pubrel", messageId });
    await publisher.expect("pubcomp");
  }
  const client = await comeBack(absent);
  const received = await client.expectPublishes(4);
  for (const packet of received) await client.acknowledge(packet);
  // The refused message comes again, under an identifier of its own choice, and once.
  await publisher.deliver(absent.topic, "5", 2, { messageId: 6 });
  expect(payloads(received)).toEqual(["0", "1", "2", "3"]);
  const last = await client.expect("publish");
  expect(payloads([last])).toEqual(["5"]);
  await client.acknowledge(last);
  expect(await client.pending()).toEqual([]);
});

test("QUE-3 a batch is refused from the first message on that does not fit", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5 });
  for (let index = 0; index < outcomes.length; index++) publisher.publish(absent.topic, `${index}`, 2);
  for (const [index, reasonCode] of outcomes.entries()) {
    expect(await publisher.expect("pubrec")).toMatchObject({ messageId: index + 1, reasonCode });
  }
  const client = await comeBack(absent);
  expect(payloads(await client.expectPublishes(4))).toEqual(["0", "1", "2", "3"]);
});

test("QUE-4 before 5.0 no acknowledgement can say no: the publisher is disconnected and keeps its message", async () => {
  const absent = await absentSubscriber();
  const clientId = uniqueId("publisher");
  const publisher = await Client.connect({ version: 4, persistent: true, clientId });
  for (let index = 0; index < 4; index++) await publisher.deliver(absent.topic, `${index}`, 1);
  publisher.publish(absent.topic, "4", 1, { messageId: 99 });
  await expect(publisher.expect("puback")).rejects.toThrow("closed");
  const client = await comeBack(absent);
  for (const packet of await client.expectPublishes(4)) await client.acknowledge(packet);
  expect(await client.pending()).toEqual([]);
  const again = await Client.connect({ version: 4, persistent: true, clientId });
  await again.deliver(absent.topic, "4", 1, { messageId: 99, dup: true });
  expect(payloads([await client.expect("publish")])).toEqual(["4"]);
});

test("QUE-5 bytes are bounded as messages are", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5 });
  const half = new Uint8Array(queueBytesMax * 0.4);
  const reasons: (number | undefined)[] = [];
  for (let index = 0; index < 3; index++) {
    publisher.publish(absent.topic, half, 1);
    reasons.push((await publisher.expect("puback")).reasonCode);
  }
  expect(reasons).toEqual([0, 0, quotaExceeded]);
});

test("QUE-6 one full queue does not keep a message from the others", async () => {
  const absent = await absentSubscriber();
  const present = await Client.connect();
  await present.subscribe(absent.topic, 1);
  const publisher = await Client.connect({ version: 5 });
  for (const [index, reasonCode] of outcomes.entries()) {
    publisher.publish(absent.topic, `${index}`, 1);
    expect(await publisher.expect("puback")).toMatchObject({ reasonCode });
    const packet = await present.expect("publish");
    expect(packet.payload.toString()).toBe(`${index}`);
    await present.acknowledge(packet);
  }
});

test("QUE-7 QoS 0 is not queued, so it neither fills the queue nor is refused", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5 });
  for (let index = 0; index < 10; index++) publisher.publish(absent.topic, `${index}`, 0);
  publisher.publish(absent.topic, "kept", 1);
  expect(await publisher.expect("puback")).toMatchObject({ reasonCode: 0 });
  const client = await comeBack(absent);
  expect(payloads([await client.expect("publish")])).toEqual(["kept"]);
});

test("QUE-12 what a shard owes waits until the full queue has room, and is not refused any more", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5 });
  for (let index = 0; index < 4; index++) await publisher.deliver(absent.topic, `${index}`, 1);
  const fault = fail(SessionObject.prototype, "deliver", "before");
  publisher.publish(absent.topic, "owed", 1);
  expect(await publisher.expect("puback")).toMatchObject({ reasonCode: 0 });
  fault.end();
  const client = await comeBack(absent);
  const received = await client.expectPublishes(4);
  for (const packet of received) await client.acknowledge(packet);
  expect(payloads([...received, await client.expect("publish")])).toEqual(["0", "1", "2", "3", "owed"]);
  await eventually("the outbox is empty", async () => (await rowsOf(shardOfTopic(absent.topic), "owed")) === 0);
});

test("QUE-20 a will waits for room: nobody would come again with it", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5 });
  for (const payload of ["0", "1", "2", "3"]) await publisher.deliver(absent.topic, payload, 1);
  const mortal = await Client.connect({ will: { topic: absent.topic, payload: "gone", qos: 2 } });
  mortal.cut();
  await eventually("the will is owed", async () => (await rowsOf(shardOfTopic(absent.topic), "owed")) === 1);
  const client = await comeBack(absent);
  for (const packet of await client.expectPublishes(4)) await client.acknowledge(packet);
  const will = await client.expect("publish", 5_000);
  expect(payloads([will])).toEqual(["gone"]);
  await client.acknowledge(will);
  expect(await client.pending()).toEqual([]);
  expect(await dropsOf(absent)).toEqual({});
});

test("QUE-21 behind a will that waits for room publishers are refused as without it, and taken as soon as there is room", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect({ version: 5 });
  for (const payload of ["0", "1", "2", "3"]) await publisher.deliver(absent.topic, payload, 1);
  const mortal = await Client.connect({ will: { topic: absent.topic, payload: "gone", qos: 1 } });
  mortal.cut();
  await eventually("the will is owed", async () => (await rowsOf(shardOfTopic(absent.topic), "owed")) === 1);
  const refusals = countFor("refusals", "queue-full");
  const publish = async (payload: string, qos: 1 | 2) => {
    publisher.publish(absent.topic, payload, qos);
    return (await publisher.expect(qos === 1 ? "puback" : "pubrec")).reasonCode;
  };
  for (let count = 0; count < 20; count++) expect(await publish("no", 1)).toBe(quotaExceeded);
  await reset(shardOfTopic(absent.topic));
  for (let count = 0; count < 20; count++) expect(await publish("no", 2)).toBe(quotaExceeded);
  expect(countFor("refusals", "queue-full") - refusals).toBe(40);
  expect(await rowsOf(shardOfTopic(absent.topic), "owed")).toBe(1);
  const client = await comeBack(absent);
  for (const packet of await client.expectPublishes(4)) await client.acknowledge(packet);
  // The alarm may be a minute away: publishers do not wait for it.
  await eventually("they are taken", async () => (await publish("yes", 1)) === 0, 3_000);
  const rest = await client.expectPublishes(2);
  expect(payloads(rest)).toEqual(["gone", "yes"]);
  expect(await rowsOf(shardOfTopic(absent.topic), "owed")).toBe(0);
});

test("QUE-15 a session that ends with its connection, because its message was refused, leaves no route behind", async () => {
  const absent = await absentSubscriber();
  const filler = await Client.connect();
  for (let index = 0; index < 4; index++) await filler.deliver(absent.topic, `${index}`, 1);
  const shard = shardOfTopic(absent.topic);
  const before = await rowsOf(shard, "route");
  const client = await Client.connect({ version: 4 });
  await client.subscribe(`${absent.topic}/own`, 1);
  expect(await rowsOf(shard, "route")).toBe(before + 1);
  client.publish(absent.topic, "4", 1);
  await client.expectClose();
  await eventually("its route is gone", async () => (await rowsOf(shard, "route")) === before);
});
