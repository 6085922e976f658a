// Retained messages over HTTP: every one of them on some page, however many and wherever they lie, and none twice.

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { configOf } from "../../worker/config.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { eventually } from "../support/eventually.ts";
import { api, manage } from "./support/api.ts";
import { countOf } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, fail } from "./support/faults.ts";

const retainedMessagesMax = 400;
configOf({ ...env, RETAINED_MESSAGES_MAX: `${retainedMessagesMax}` });
afterEach(() => {
  endFaults();
  cutClients();
});

async function retain(topics: readonly string[]): Promise<void> {
  const messages = topics.map((topic) => ({ topic, payload: topic, retain: true }));
  const { published } = await manage("POST", "/publish/bulk", messages);
  expect(published).toBe(topics.length);
}

function under(root: string, count: number, children: number): string[] {
  return Array.from({ length: count }, (_, index) => `${root}${index % children}/x/${index}`);
}

const pathOf = (topic: string) => `/retained/${encodeURIComponent(topic)}`;

/** All pages, one after the other. */
async function pages(method: "GET" | "DELETE", filter: string, limit: number) {
  const all = [];
  let after = "";
  do {
    const query = new URLSearchParams({ filter, limit: `${limit}`, ...(after === "" ? {} : { after }) });
    const page = await manage(method, `/retained?${query}`);
    all.push(page);
    after = page.next ?? "";
    expect(all.length).toBeLessThan(100);
  } while (after !== "");
  return all;
}

async function topicsOf(filter: string, limit: number): Promise<string[]> {
  return (await pages("GET", filter, limit)).flatMap(({ items }) => items.map(({ topic }: { topic: string }) => topic));
}

describe("a list", () => {
  test.each([1_000, 7, 40])("has every topic of all shards once, %i at a time", async (limit) => {
    const root = uniqueId("r");
    const topics = under(root, 60, 20).map((topic) => topic.replace("/x/", `/${topic.length % 3}/`));
    await retain([...topics, `other-${root}/a`]);
    const found = (await topicsOf("#", limit)).filter((topic) => topic.startsWith(root));
    expect(found.toSorted()).toEqual(topics.toSorted());
    expect((await topicsOf(`${root}3/#`, limit)).toSorted()).toEqual(
      topics.filter((each) => each.startsWith(`${root}3/`)).toSorted(),
    );
    await pages("DELETE", "#", 1_000);
  });

  test("is not moved by what comes and goes between its pages", async () => {
    const root = uniqueId("r");
    const topics = under(root, 10, 1);
    await retain(topics);
    const first = await manage("GET", `/retained?filter=${root}0/%23&limit=4`);
    const [gone] = first.items;
    await manage("DELETE", pathOf(gone.topic));
    await retain([`${root}0/a`]);
    const rest = await manage("GET", `/retained?filter=${root}0/%23&limit=100&after=${first.next}`);
    const seen = [...first.items, ...rest.items].map(({ topic }: { topic: string }) => topic);
    expect(new Set(seen).size).toBe(seen.length);
    expect(topics.filter((topic) => !seen.includes(topic))).toEqual([]);
  });

  test("more than one look into a shard brings", async () => {
    const root = uniqueId("many");
    const topics = under(root, 300, 1);
    await retain(topics);
    expect((await topicsOf(`${root}0/x/+`, 1_000)).length).toBe(300);
    const cleared = await pages("DELETE", `${root}0/#`, 1_000);
    expect(cleared.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(300);
    expect(await topicsOf(`${root}0/#`, 1_000)).toEqual([]);
  });

  test("what has expired is not there", async () => {
    const topic = uniqueId("r/short");
    await manage("PUT", pathOf(topic), { payload: "x", properties: { messageExpirySeconds: 0 } });
    expect((await api("GET", pathOf(topic))).status).toBe(404);
  });

  test.each(["limit=0", "limit=1001", "filter=a/%23/b", "filter=", "after=nonsense", "after=WzEsMl0", "colour=red"])(
    "400 for %s",
    async (query) => {
      expect(await api("GET", `/retained?${query}`)).toMatchObject({ status: 400, type: "application/problem+json" });
      expect((await api("DELETE", `/retained?filter=a&${query.replace("filter=", "filter=a&filter=")}`)).status).toBe(
        400,
      );
    },
  );

  test("503 if a shard does not answer", async () => {
    fail(TopicShard.prototype, "listRetained" as never, "before");
    expect((await api("GET", "/retained")).status).toBe(503);
  });
});

describe("one topic's", () => {
  test("is set, read as it was published, replaced, and taken away in silence", async () => {
    const topic = uniqueId("r/one/with space/ü");
    const subscriber = await Client.connect({ version: 5 });
    await subscriber.subscribe(topic, 1);
    const properties = {
      contentType: "application/octet-stream",
      responseTopic: "a/b",
      correlationData: "AP8=",
      userProperties: [
        { name: "b", value: "1" },
        { name: "b", value: "2" },
      ],
    };
    const body = { payload: "//79", encoding: "base64", qos: 2, properties };
    expect((await api("PUT", pathOf(topic), body)).status).toBe(204);
    expect(await manage("GET", pathOf(topic))).toEqual({
      ...body,
      topic,
      retain: true,
      payloadBytes: 3,
      expiresAtMs: null,
    });
    await manage("PUT", pathOf(topic), { payload: "grün", properties: { payloadFormatIndicator: 1 } });
    expect(await manage("GET", pathOf(topic))).toMatchObject({ payload: "grün", encoding: "text", qos: 1 });
    await subscriber.expectPublishes(2);
    expect((await api("DELETE", pathOf(topic))).status).toBe(204);
    expect((await api("GET", pathOf(topic))).status).toBe(404);
    expect((await api("DELETE", pathOf(topic))).status).toBe(404);
    expect(await subscriber.pending()).toEqual([]);
    const late = await Client.connect();
    await late.subscribe(topic, 1);
    expect(await late.pending()).toEqual([]);
  });

  test("comes to a subscriber that comes later, and makes room again when it goes", async () => {
    const root = uniqueId("full");
    const topics = under(root, retainedMessagesMax, 1);
    await retain(topics);
    const beside = `${root}0/x/beside`;
    const full = await api("PUT", pathOf(beside), { payload: "1" });
    expect([full.status, full.body.type]).toEqual([429, "urn:durablemq:problem:retained-full"]);
    await manage("DELETE", pathOf(topics[0] as string));
    await manage("PUT", pathOf(beside), { payload: "1" });
    const late = await Client.connect();
    await late.subscribe(beside, 1);
    expect(payloads([await late.expect("publish")])).toEqual(["1"]);
    await pages("DELETE", `${root}0/#`, 1_000);
  });

  test("finds room where others have expired", async () => {
    const root = uniqueId("jobs");
    const publisher = await Client.connect({ version: 5 });
    for (let job = 0; job < retainedMessagesMax; job++) {
      publisher.publish(`${root}/x/${job}`, "1", 1, { retain: true, properties: { messageExpiryInterval: 1 } });
    }
    for (let job = 0; job < retainedMessagesMax; job++) await publisher.expect("puback");
    const next = pathOf(`${root}/x/next`);
    expect((await api("PUT", next, { payload: "1" })).status).toBe(429);
    const before = countOf("retained_expired");
    await eventually("room", async () => (await api("PUT", next, { payload: "1" })).status === 204);
    expect(countOf("retained_expired")).toBeGreaterThan(before);
    await eventually("the others' end", async () => (await topicsOf(`${root}/#`, 1_000)).length === 1);
    expect(await topicsOf(`${root}/#`, 1_000)).toEqual([`${root}/x/next`]);
    await pages("DELETE", `${root}/#`, 1_000);
  });

  test.each([
    ["a topic with a wildcard", "a/+", { payload: "x" }],
    ["a topic of the server", "$SYS/a", { payload: "x" }],
    ["a delay", "$delayed/5/a", { payload: "x" }],
    ["an empty payload", "a", { payload: "" }],
    ["a topic in the body", "a", { payload: "x", topic: "b" }],
    ["no base64", "a", { payload: "?", encoding: "base64" }],
  ])("400 for %s", async (_, topic, body) => {
    expect(await api("PUT", pathOf(topic), body)).toMatchObject({ status: 400, type: "application/problem+json" });
  });

  test("its end, by name or by filter, is in the audit log", async () => {
    const topic = uniqueId("r/audit");
    await retain([topic, `${topic}/b`]);
    await manage("DELETE", pathOf(topic));
    await manage("DELETE", `/retained?filter=${encodeURIComponent(`${topic}/#`)}`);
    const { items } = await manage("GET", "/audit?limit=2");
    expect(items).toMatchObject([
      { action: "retained.clear", subject: `${topic}/#`, before: { messages: 1 } },
      { action: "retained.delete", subject: topic },
    ]);
  });
});

describe("with the control database away", () => {
  const control = env.CONTROL as { batch: unknown };
  const { batch } = control;
  afterEach(() => {
    control.batch = batch;
  });

  test.each([
    ["one topic's", pathOf],
    ["those of a filter", (topic: string) => `/retained?filter=${encodeURIComponent(topic)}`],
  ])("%s: 503, which says that nothing was changed, and so it is", async (_, path) => {
    const topic = uniqueId("r/away");
    await retain([topic]);
    control.batch = () => Promise.reject(new Error("away"));
    const { status, body } = await api("DELETE", path(topic));
    expect([status, body.type]).toEqual([503, "urn:durablemq:problem:control-database-unavailable"]);
    expect(body.remedy).toContain("Nothing was changed");
    control.batch = batch;
    expect(await manage("GET", pathOf(topic))).toMatchObject({ payload: topic });
    await manage("DELETE", path(topic));
    expect((await api("GET", pathOf(topic))).status).toBe(404);
    const { items } = await manage("GET", "/audit?limit=1");
    expect(items).toMatchObject([{ subject: topic, before: expect.any(Object) }]);
  });
});
