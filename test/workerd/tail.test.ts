// A live tail: what comes is shown, and neither its reader nor its end is anybody else's trouble.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { topicKey } from "../../src/topic/key.ts";
import { configOf } from "../../worker/config.ts";
import { eventually } from "../support/eventually.ts";
import { api, manage } from "./support/api.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { EventStream, leaveStreams } from "./support/event-stream.ts";
import { shardOfTopic } from "./support/objects.ts";

configOf({ ...env, WILDCARD_AVAILABLE: "false" });
afterEach(async () => {
  await leaveStreams();
  cutClients();
});

function openTail(query: Record<string, string>): Promise<EventStream> {
  return EventStream.open(`/tail?${new URLSearchParams(query)}`);
}

function routesOf(topic: string): Promise<number> {
  return runInDurableObject(shardOfTopic(topic), (_, { storage: { sql } }) => {
    return sql.exec("SELECT 1 FROM route WHERE key = ?", topicKey(topic)).toArray().length;
  });
}

test("shows what comes, as it was published, and ends after so many messages", async () => {
  const topic = uniqueId("tail/all");
  const tail = await openTail({ filter: topic, messages: "3" });
  const properties = { contentType: "a/b", userProperties: [{ name: "x", value: "" }] };
  await manage("POST", "/publish", { topic, payload: "1", qos: 2, properties });
  await manage("POST", "/publish", { topic, payload: "/w==", encoding: "base64" });
  const publisher = await Client.connect();
  publisher.publish(topic, "3", 0);
  expect((await tail.next())?.data).toMatchObject({ topic, payload: "1", encoding: "text", retain: false, properties });
  expect((await tail.next())?.data).toMatchObject({ payload: "/w==", encoding: "base64", payloadBytes: 1 });
  expect((await tail.next())?.data).toMatchObject({ payload: "3" });
  expect(await tail.next()).toMatchObject({ event: "end", data: { why: "messages" } });
  expect(await tail.next()).toBe(undefined);
});

test("begins with what is retained, if so asked", async () => {
  const topic = uniqueId("tail/kept");
  await manage("PUT", `/retained/${encodeURIComponent(topic)}`, { payload: "kept" });
  const tail = await openTail({ filter: topic, retained: "true", messages: "1" });
  expect((await tail.next())?.data).toMatchObject({ payload: "kept", retain: true });
});

test("ends after its time", async () => {
  const tail = await openTail({ filter: uniqueId("tail/time"), seconds: "1" });
  expect(await tail.next()).toMatchObject({ event: "end", data: { why: "time" } });
});

test("a reader that goes leaves nothing behind", async () => {
  const topic = uniqueId("tail/gone");
  const tail = await openTail({ filter: topic });
  expect(await routesOf(topic)).toBe(1);
  await tail.leave();
  await eventually("the route is gone", async () => (await routesOf(topic)) === 0);
});

test("a reader that does not read misses messages, is told how many, and no publisher waits", async () => {
  const topic = uniqueId("tail/slow");
  const tail = await openTail({ filter: topic });
  const payload = "x".repeat(100_000);
  const all = 40;
  for (let index = 0; index < all; index++) {
    expect((await api("POST", "/publish", { topic, payload: `${index} ${payload}` })).status).toBe(200);
  }
  let shown = 0;
  let missed = 0;
  // What is missed is told with the next message that there is room for.
  while (shown + missed < all || missed === 0) {
    if (shown > 0 && missed === 0) await manage("POST", "/publish", { topic, payload: "more" });
    const event = await tail.next();
    if (event?.event === "missed") missed += event.data.messages;
    else shown++;
  }
  expect(missed).toBeGreaterThan(0);
});

test("a subscription that the broker does not grant: 400, and why", async () => {
  const { status, body } = await api("GET", "/tail?filter=a/%23");
  expect([status, body.errors[0].path]).toEqual([400, "query.filter"]);
});

test.each(["", "filter=a/%23/b", "filter=a&seconds=0", "filter=a&seconds=3601", "filter=a&messages=0", "filter=a&x=1"])(
  "400 for ?%s",
  async (query) => {
    expect((await api("GET", `/tail?${query}`)).status).toBe(400);
  },
);
