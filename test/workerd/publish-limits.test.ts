// Publishing over HTTP where there is no room: what 0x97 is to a client, 429 is to the caller.

import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { configOf } from "../../worker/config.ts";
import { api, manage } from "./support/api.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { rowsOf, shardOfTopic } from "./support/objects.ts";
import { awayWith, keyed, textsFor } from "./support/publishing.ts";
import { absentSubscriber, comeBack, queueMessagesMax } from "./support/queue.ts";

configOf({
  ...env,
  QUEUE_POLICY: "reject",
  QUEUE_MESSAGES_MAX: `${queueMessagesMax}`,
  DELAYED_MESSAGES_MAX: "1",
  RETAINED_MESSAGES_MAX: "1",
  MAXIMUM_PACKET_BYTES: "65536",
});
afterEach(cutClients);

test("retained, taken away, and without room", async () => {
  const topic = uniqueId("publish/kept");
  expect(await manage("POST", "/publish", { topic, payload: "1", retain: true })).toMatchObject({ retained: true });
  const late = await Client.connect();
  await late.subscribe(topic, 1);
  expect(await late.expect("publish")).toMatchObject({ retain: true });
  const beside = `${topic}/beside`;
  expect(await manage("POST", "/publish", { topic: beside, payload: "2", retain: true })).toMatchObject({
    retained: false,
  });
  await manage("POST", "/publish", { topic, retain: true });
  expect(await rowsOf(shardOfTopic(topic), "retained")).toBe(0);
});

test("delayed, and without room for another", async () => {
  const topic = uniqueId("publish/later");
  const here = await Client.connect();
  await here.subscribe(topic, 1);
  expect(await api("POST", "/publish", { topic, payload: "1", delaySeconds: 1 })).toMatchObject({
    status: 200,
    body: { reached: 0 },
  });
  const { status, body } = await api("POST", "/publish", { topic, payload: "2", delaySeconds: 1 });
  expect([status, body.type]).toEqual([429, "urn:durablemq:problem:delayed-full"]);
  expect(payloads([await here.expect("publish")])).toEqual(["1"]);
});

test("for a full queue: 429, as 0x97 is for a client", async () => {
  const absent = await absentSubscriber();
  for (let index = 0; index < queueMessagesMax; index++) {
    expect((await api("POST", "/publish", { topic: absent.topic, payload: `${index}` })).status).toBe(200);
  }
  const { status, type, body } = await api("POST", "/publish", { topic: absent.topic, payload: "too many" });
  expect([status, type, body.type]).toEqual([429, "application/problem+json", "urn:durablemq:problem:queue-full"]);
  expect(body.remedy).not.toBe("");
});

test("what was refused is tried again under the same key, and the rest is not", async () => {
  const absent = await absentSubscriber();
  const beside = await awayWith(uniqueId("publish/beside"));
  const key = crypto.randomUUID();
  const all = Array.from({ length: queueMessagesMax + 2 }, (_, index) => ({
    topic: absent.topic,
    payload: `${index}`,
  }));
  all.push({ topic: beside.topic, payload: "beside" });
  const first = await keyed(key, all, "/publish/bulk");
  expect(first.body).toMatchObject({ published: queueMessagesMax + 1, refused: 2, failed: 0 });
  expect(first.body.results[queueMessagesMax]).toMatchObject({ status: "refused", reason: "queue-full" });
  const client = await comeBack(absent);
  const received = await client.expectPublishes(queueMessagesMax);
  for (const packet of received) await client.acknowledge(packet);
  await client.pending();
  const second = await keyed(key, all, "/publish/bulk");
  expect(second.body).toMatchObject({ published: queueMessagesMax + 3, refused: 0, failed: 0 });
  received.push(...(await client.expectPublishes(2)));
  expect(payloads(received)).toEqual(all.slice(0, -1).map(({ payload }) => payload));
  expect(await textsFor(beside.clientId, 1)).toEqual(["beside"]);
});

test("413 for one that is larger than the broker takes", async () => {
  const { status, body } = await api("POST", "/publish", { topic: "a", payload: "x".repeat(65_536) });
  expect([status, body.type]).toEqual([413, "urn:durablemq:problem:message-too-large"]);
});
