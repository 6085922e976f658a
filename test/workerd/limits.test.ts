// Limits of the platform that a local runtime does not enforce: what the broker writes stays within them at the worst.

import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { sqlLimits } from "../../src/store/sql.ts";
import { sessionName } from "../../worker/names.ts";
import { ObjectSql } from "../../worker/sql.ts";
import { eventually } from "../support/eventually.ts";
import { countOf, quiet } from "./support/bill.ts";
import { attachmentBytesMax, carriedBy } from "./support/carried.ts";
import { Client, cutClients, doors, publishPacket, uniqueId } from "./support/client.ts";
import { everybodySleeps } from "./support/faults.ts";
import { rowsOf, sessionOf, shardOfTopic } from "./support/objects.ts";

const execute = ObjectSql.prototype.execute;
afterEach(() => {
  ObjectSql.prototype.execute = execute;
  cutClients();
});

const rowBytesMax = 2_000_000;

test.each(["ascii", "größer", "漢字"])("LIM-1 the worst window fits the socket (client id %s)", async (name) => {
  const clientId = `${uniqueId()}${name.repeat(20)}`;
  const topic = uniqueId("limits/window");
  const subscriber = await Client.connect({ version: 5, persistent: true, clientId, receiveMaximum: 65_535 });
  await subscriber.subscribe(topic, 2);
  const publisher = await Client.connect();
  const inflight = 1_024;
  for (let index = 0; index < inflight; index++) publisher.publish(topic, "m", index % 2 === 0 ? 1 : 2);
  const received = await subscriber.expectPublishes(inflight);
  // Every other one of QoS 2 is released, every other one of QoS 1 is finished: no two neighbours are alike.
  for (const [index, { qos, messageId = 0 }] of received.entries()) {
    if (index % 4 === 3) subscriber.send({ cmd: "pubrec", messageId });
    if (index % 4 === 2 && qos === 1) subscriber.send({ cmd: "puback", messageId });
  }
  for (let index = 3; index < inflight; index += 4) await subscriber.expect("pubrel");
  await quiet();
  const { attachmentBytes, rowBytes } = await carriedBy(clientId);
  expect(attachmentBytes).toBeLessThan(attachmentBytesMax);
  // It needs no row for that.
  expect(rowBytes).toBe(0);
  await everybodySleeps();
  // All of it is still known.
  for (const [index, { qos, messageId = 0 }] of received.entries()) {
    if (index % 4 === 3) subscriber.send({ cmd: "pubcomp", messageId });
    else if (qos === 1 && index % 4 === 0) subscriber.send({ cmd: "puback", messageId });
    else if (qos === 2) subscriber.send({ cmd: "pubrec", messageId });
  }
  for (let index = 1; index < inflight; index += 4) {
    const { messageId = 0 } = await subscriber.expect("pubrel");
    subscriber.send({ cmd: "pubcomp", messageId });
  }
  expect(await subscriber.pending()).toEqual([]);
  subscriber.cut();
  await quiet();
  const again = await Client.connect({ version: 5, persistent: true, clientId });
  expect(await again.pending()).toEqual([]);
});

test.each([
  ["of 65,535 characters", "a".repeat(65_535)],
  ["of 65,535 bytes, three a character", "漢".repeat(21_845)],
  ["as long as a name may be", "b".repeat(512)],
  ["a byte longer", "b".repeat(513)],
])("LIM-2 a client id %s names an object and keeps a session", async (_what, clientId) => {
  expect(new TextEncoder().encode(sessionName(clientId)).length).toBeLessThanOrEqual(1_024);
  const topic = uniqueId("limits/name");
  const options = { version: 5, persistent: true, clientId } as const;
  const client = await Client.connect(options);
  await client.subscribe(topic, 1);
  await everybodySleeps();
  const publisher = await Client.connect();
  await publisher.deliver(topic, "m", 1);
  await client.acknowledge(await client.expect("publish"));
  await client.disconnect();
  const again = await Client.connect(options);
  expect(again.connack?.sessionPresent).toBe(true);
  again.cut();
});

test("LIM-3 client ids that begin alike have sessions of their own", () => {
  const long = "x".repeat(65_534);
  expect(sessionName(`${long}a`)).not.toBe(sessionName(`${long}b`));
  // No client can name the object of another by its hash.
  expect(sessionName(sessionName(long))).not.toBe(sessionName(long));
});

interface Watched {
  rowBytes: number;
  bindings: number;
}

/** The largest row and the most bindings of all statements from now on. */
function watchStatements(): Watched {
  const watched: Watched = { rowBytes: 0, bindings: 0 };
  ObjectSql.prototype.execute = function (statement, bindings) {
    let bytes = 0;
    for (const value of bindings) {
      if (typeof value === "string") bytes += Buffer.byteLength(value);
      else if (value instanceof Uint8Array) bytes += value.length;
      else bytes += 8;
    }
    watched.rowBytes = Math.max(watched.rowBytes, bytes);
    watched.bindings = Math.max(watched.bindings, bindings.length);
    return execute.call(this, statement, bindings);
  };
  return watched;
}

/** The largest payload of a packet of 1 MiB. */
function largestPayload(topic: string, packetBytesMax = 1024 * 1024): Uint8Array {
  // Fixed header 4, topic length 2, identifier 2.
  return new Uint8Array(packetBytesMax - 8 - topic.length).fill(7);
}

test("LIM-4 messages of 1 MiB pass, online, retained and queued, and no row is beyond 2 MB", async () => {
  const topic = uniqueId("limits/large");
  const payload = largestPayload(topic);
  const watched = watchStatements();
  const subscriber = await Client.connect({ persistent: true });
  await subscriber.subscribe(topic, 2);
  const publisher = await Client.connect({ persistent: true });
  await publisher.deliver(topic, payload, 2, { retain: true });
  const online = await subscriber.expect("publish");
  expect(Buffer.compare(online.payload as Buffer, payload)).toBe(0);
  await subscriber.acknowledge(online);
  await subscriber.disconnect();
  // Batches of large messages: more than a call, more than a row.
  for (let index = 0; index < 4; index++) publisher.publish(topic, payload, 1);
  for (let index = 0; index < 4; index++) await publisher.expect("puback");
  const again = await Client.connect({ persistent: true, clientId: subscriber.id });
  for (let index = 0; index < 4; index++) {
    const packet = await again.expect("publish");
    expect(Buffer.compare(packet.payload as Buffer, payload)).toBe(0);
    await again.acknowledge(packet);
  }
  expect(watched.rowBytes).toBeGreaterThan(payload.length);
  expect(watched.rowBytes).toBeLessThan(rowBytesMax);
  expect(watched.bindings).toBeLessThanOrEqual(sqlLimits.bindingsMax);
  publisher.publish(topic, "", 1, { retain: true });
});

test("LIM-5 a packet larger than the broker allows is refused before it is read", async () => {
  const topic = uniqueId("limits/too-large");
  const publisher = await Client.connect({ version: 5 });
  const tooLarge = new Uint8Array(1024 * 1024 + 1);
  publisher.sendBytes(publisher.encode(publishPacket(topic, tooLarge, 1, { messageId: 1 })));
  expect(await publisher.expect("disconnect")).toMatchObject({ reasonCode: 0x95 });
  await publisher.expectClose();
});

test("LIM-6 a batch of many small messages is within a row", async () => {
  const topic = uniqueId("limits/batch");
  const subscriber = await Client.connect({ persistent: true });
  await subscriber.subscribe(topic, 1);
  await subscriber.disconnect();
  const watched = watchStatements();
  const publisher = await Client.connect();
  const payload = "x".repeat(3_000);
  const frames = Array.from({ length: 1_000 }, (_, index) =>
    publisher.encode(publishPacket(topic, payload, 1, { messageId: index + 1 })),
  );
  publisher.sendBytes(Buffer.concat(frames));
  for (let index = 0; index < frames.length; index++) await publisher.expect("puback");
  expect(watched.rowBytes).toBeLessThan(rowBytesMax);
  const again = await Client.connect({ persistent: true, clientId: subscriber.id });
  for (let index = 0; index < frames.length; index++) await again.acknowledge(await again.expect("publish"));
  expect(await again.pending()).toEqual([]);
  await eventually("the queue is empty", async () => (await rowsOf(sessionOf(subscriber.id), "segment")) === 0);
});

test("LIM-7 a session ends with all its routes, if its filters are more than a call can carry", async () => {
  const prefix = uniqueId("long/filters");
  const client = await Client.connect({ persistent: true });
  const atOnce = 10;
  for (let messageId = 1; messageId <= 60; messageId++) {
    const subscriptions = Array.from({ length: atOnce }, (_, index) => {
      return { topic: `${prefix}/${messageId}/${index}/${"x".repeat(60_000)}`, qos: 1 as const };
    });
    client.send({ cmd: "subscribe", messageId, subscriptions });
    await client.expect("suback");
  }
  const routes = () =>
    runInDurableObject(shardOfTopic(prefix), (_, { storage: { sql } }) => {
      const statement = "SELECT COUNT(*) AS count FROM route WHERE session = ?";
      return sql.exec<{ count: number }>(statement, sessionName(client.id)).one().count;
    });
  expect(await routes()).toBe(60 * atOnce);
  await client.disconnect();
  await (await Client.connect({ clientId: client.id })).disconnect();
  await eventually("no route is left", async () => (await routes()) === 0);
});

test.each(doors)("LIM-8 pings that come together are answered together, by %s", async (_door, way) => {
  const client = await Client.connect({ keepalive: 60, ...way });
  const pings = 5_000;
  const before = { frames: countOf("frames_out"), pings: countOf("pings") };
  client.sendBytes(Uint8Array.from({ length: 2 * pings }, (_, index) => (index % 2 === 0 ? 0xc0 : 0)));
  for (let count = 0; count < pings; count++) await client.expect("pingresp");
  expect([countOf("frames_out") - before.frames, countOf("pings") - before.pings]).toEqual([1, pings]);
});
