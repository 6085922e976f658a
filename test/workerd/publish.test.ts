// Publishing over HTTP: what PUBACK promises a client, the answer promises the caller.

import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { firstNumber, requestKeptMs } from "../../src/hop/request-numbers.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { api, manage } from "./support/api.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, fail, failStatements, hold, reset } from "./support/faults.ts";
import { rowsOf, sessionOf, shardIndexOf, shardOfTopic } from "./support/objects.ts";
import { awayWith, keyed, post, textsFor } from "./support/publishing.ts";

afterEach(() => {
  endFaults();
  cutClients();
});

describe("one message", () => {
  test("reaches sessions that are connected, away and in a group, with every property", async () => {
    const topic = uniqueId("publish/one");
    const here = await Client.connect({ version: 5 });
    await here.subscribe(topic, 2);
    const away = await awayWith(topic);
    const member = await Client.connect({ version: 5 });
    await member.subscribe(`$share/g/${topic}`, 1);
    const properties = {
      payloadFormatIndicator: 1,
      messageExpirySeconds: 600,
      contentType: "text/plain; charset=ü",
      responseTopic: "answers/here",
      correlationData: Buffer.from([0, 255, 7]).toString("base64"),
      userProperties: [
        { name: "a", value: "1" },
        { name: "a", value: "2" },
        { name: "", value: "" },
      ],
    };
    const answer = await api("POST", "/publish", { topic, payload: "grüße", qos: 2, properties });
    expect(answer).toMatchObject({ status: 200, body: { reached: 3, retained: false } });
    const packet = await here.expect("publish");
    expect(packet).toMatchObject({ topic, qos: 2, retain: false });
    expect(packet.payload.toString()).toBe("grüße");
    expect(packet.properties).toMatchObject({
      payloadFormatIndicator: true,
      contentType: "text/plain; charset=ü",
      responseTopic: "answers/here",
      userProperties: { a: ["1", "2"] },
    });
    expect([...(packet.properties?.correlationData ?? [])]).toEqual([0, 255, 7]);
    expect(packet.properties?.messageExpiryInterval).toBeLessThanOrEqual(600);
    expect(await textsFor(away.clientId, 1)).toEqual(["grüße"]);
    expect(payloads([await member.expect("publish")])).toEqual(["grüße"]);
  });

  test("in base64, at QoS 0, and to nobody", async () => {
    const topic = uniqueId("publish/bytes");
    const here = await Client.connect();
    await here.subscribe(topic, 0);
    const payload = Buffer.from([0, 1, 254, 255]).toString("base64");
    expect((await manage("POST", "/publish", { topic, payload, encoding: "base64", qos: 0 })).reached).toBe(1);
    expect([...(await here.expect("publish")).payload]).toEqual([0, 1, 254, 255]);
    expect(await manage("POST", "/publish", { topic: `${topic}/x` })).toEqual({ reached: 0, retained: false });
  });

  test("answers only when the session has it: while it cannot be written, there is no answer", async () => {
    const away = await awayWith(uniqueId("publish/durable"));
    const fault = hold(TopicShard.prototype, "exchange", "after");
    let answered = false;
    const answer = api("POST", "/publish", { topic: away.topic, payload: "x" }).finally(() => (answered = true));
    await fault.reached();
    expect(answered).toBe(false);
    fault.end();
    expect((await answer).status).toBe(200);
    expect(await rowsOf(sessionOf(away.clientId), "segment")).toBe(1);
  });

  test("for a shard that does not answer: 503, and that nobody knows", async () => {
    fail(TopicShard.prototype, "exchange", "before");
    const { status, body } = await api("POST", "/publish", { topic: uniqueId("publish/away") });
    expect([status, body.type]).toEqual([503, "urn:durablemq:problem:shard-unreachable"]);
  });

  test.each([
    ["no topic", {}, "body.topic"],
    ["an empty topic", { topic: "" }, "body.topic"],
    ["a wildcard", { topic: "a/#" }, "body.topic"],
    ["a NUL", { topic: "a\u0000" }, "body.topic"],
    ["half a surrogate pair", { topic: "a\ud800" }, "body.topic"],
    ["a topic of the server", { topic: "$SYS/x" }, "body.topic"],
    ["too many levels", { topic: "/".repeat(300) }, "body.topic"],
    ["a delay that is none", { topic: "$delayed/x/a" }, "body.topic"],
    ["a delay that is too long", { topic: "a", delaySeconds: 4_294_968 }, "body.topic"],
    ["a QoS that is none", { topic: "a", qos: 3 }, "body.qos"],
    ["no base64", { topic: "a", payload: "?", encoding: "base64" }, "body.payload"],
    [
      "a payload that is no text",
      { topic: "a", payload: "//8=", encoding: "base64", properties: { payloadFormatIndicator: 1 } },
      "body.payload",
    ],
    ["a response topic with a wildcard", { topic: "a", properties: { responseTopic: "a/+" } }, "body.topic"],
    ["a property too many", { topic: "a", properties: { topicAlias: 1 } }, "body.properties"],
    ["a field too many", { topic: "a", dup: true }, "body"],
    ["a list", [], "body"],
  ])("400 for %s", async (_, message, path) => {
    const { status, type, body } = await api("POST", "/publish", message);
    expect([status, type]).toEqual([400, "application/problem+json"]);
    expect(JSON.stringify(body.errors)).toContain(`"path":"${path}`);
  });
});

describe("Idempotency-Key", () => {
  test("the same request publishes once, and gets the same answer, also after the shard was reset", async () => {
    const { clientId, topic } = await awayWith(uniqueId("publish/again"));
    const key = crypto.randomUUID();
    const message = { topic, payload: "once" };
    const before = await rowsOf(shardOfTopic(topic), "request");
    const answers = [await keyed(key, message), await keyed(key, message)];
    answers.push(...(await Promise.all([keyed(key, message), keyed(key, message)])));
    await reset(shardOfTopic(topic));
    answers.push(await keyed(key, message));
    expect(answers.map(({ status, body }) => [status, body.reached])).toEqual(Array(5).fill([200, 1]));
    expect((await rowsOf(shardOfTopic(topic), "request")) - before).toBe(1);
    expect(await textsFor(clientId, 1)).toEqual(["once"]);
  });

  test("after its day the same request is a new one, to its shard and to who got its message", async () => {
    const { clientId, topic } = await awayWith(uniqueId("publish/next-day"));
    const key = crypto.randomUUID();
    const message = { topic, payload: "daily" };
    expect(await keyed(key, message)).toMatchObject({ status: 200, body: { reached: 1 } });
    // As if a day had gone by: what is stored of it is older by that.
    const day = firstNumber(requestKeptMs) - firstNumber(0);
    const age = (stub: DurableObjectStub, statement: string) =>
      runInDurableObject(stub, async (_, { storage }) => {
        expect(storage.sql.exec(statement, day).rowsWritten).toBeGreaterThan(0);
        await storage.sync();
      });
    await age(shardOfTopic(topic), "UPDATE request SET next_sequence = next_sequence - ?");
    await age(sessionOf(clientId), "UPDATE source SET sequence = sequence - ? WHERE publisher LIKE '=a:%'");
    await Promise.all([reset(shardOfTopic(topic)), reset(sessionOf(clientId))]);
    expect(await keyed(key, message)).toMatchObject({ status: 200, body: { reached: 1 } });
    expect(await keyed(key, message)).toMatchObject({ status: 200, body: { reached: 1 } });
    expect(await textsFor(clientId, 2)).toEqual(["daily", "daily"]);
  });

  test("two at the same time publish once", async () => {
    const { clientId, topic } = await awayWith(uniqueId("publish/same-time"));
    const key = crypto.randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => keyed(key, { topic, payload: "once" })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await textsFor(clientId, 1)).toEqual(["once"]);
  });

  test("another message, or another key, is another request", async () => {
    const { clientId, topic } = await awayWith(uniqueId("publish/other"));
    const key = crypto.randomUUID();
    await keyed(key, { topic, payload: "1" });
    await keyed(key, { topic, payload: "2" });
    await keyed(crypto.randomUUID(), { topic, payload: "2" });
    expect(await textsFor(clientId, 3)).toEqual(["1", "2", "2"]);
  });

  test.each([1, 2] as const)(
    "QoS %i: a shard that is reset when its sessions have the message, and before it knows, does not publish it again",
    async (qos) => {
      const { clientId, topic } = await awayWith(uniqueId("publish/cut"));
      const fault = failStatements(/INSERT INTO request/);
      const message = { topic, payload: "once", qos };
      const key = crypto.randomUUID();
      expect((await keyed(key, message)).status).toBe(503);
      fault.end();
      expect(await rowsOf(sessionOf(clientId), "segment")).toBe(1);
      expect(await keyed(key, message)).toMatchObject({ status: 200, body: { reached: 1 } });
      expect(await textsFor(clientId, 1)).toEqual(["once"]);
    },
  );

  test("a key of no letters, or too many, is no key", async () => {
    expect((await keyed("x".repeat(256), { topic: "a" })).status).toBe(400);
  });
});

describe("many messages", () => {
  test("each topic's in their order, as JSON lines", async () => {
    const topics = Array.from({ length: 5 }, () => uniqueId("publish/order"));
    const client = await Client.connect();
    for (const topic of topics) await client.subscribe(topic, 1);
    const messages = Array.from({ length: 1_000 }, (_, index) => ({ topic: topics[index % 5], payload: `${index}` }));
    const lines = messages.map((message) => JSON.stringify(message)).join("\n");
    const answer = await post("/publish/bulk", `${lines}\n`, { "Content-Type": "application/x-ndjson" });
    expect(answer.body).toMatchObject({ published: 1_000, refused: 0, failed: 0 });
    expect(answer.body.results).toEqual(Array(1_000).fill({ status: "published", reached: 1, retained: false }));
    const got = new Map<string, number[]>(topics.map((topic) => [topic, []]));
    for (let count = 0; count < messages.length; count++) {
      const packet = await client.expect("publish");
      client.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
      got.get(packet.topic)?.push(Number(packet.payload.toString()));
    }
    for (const numbers of got.values()) {
      expect(numbers.length).toBe(200);
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
  });

  test("more than fits into one call stays in order", async () => {
    const { clientId, topic } = await awayWith(uniqueId("publish/large"));
    const large = Array.from({ length: 6 }, (_, index) => ({ topic, payload: `${index}`.padEnd(400_000, ".") }));
    expect((await keyed(crypto.randomUUID(), large, "/publish/bulk")).body.published).toBe(6);
    const texts = await textsFor(clientId, 6);
    expect(texts).toEqual(large.map(({ payload }) => payload));
  });

  test("one that cannot be a message: 400, it is named, and nothing is published", async () => {
    const topic = uniqueId("publish/none");
    const here = await Client.connect();
    await here.subscribe(topic, 1);
    const { status, body } = await api("POST", "/publish/bulk", [{ topic }, { topic: "a/+" }]);
    expect([status, body.errors[0].path]).toEqual([400, "body.1.topic"]);
    expect(await here.pending()).toEqual([]);
  });

  test.each([
    ["none", "[]", "application/json"],
    ["no list", '{"topic":"a"}', "application/json"],
    ["a line that is no JSON", '{"topic":"a"}\n{', "application/x-ndjson"],
    ["too many", `[${Array(10_001).fill('{"topic":"a"}').join()}]`, "application/json"],
  ])("400 for %s", async (_, body, type) => {
    expect(await post("/publish/bulk", body, { "Content-Type": type })).toMatchObject({
      status: 400,
      type: "application/problem+json",
    });
  });

  test("what a shard that does not answer was to have is `failed`, and the rest is published", async () => {
    const topic = uniqueId("publish/half");
    let other = topic;
    while (shardIndexOf(other) === shardIndexOf(topic)) other = uniqueId("publish/half");
    const { clientId } = await awayWith(topic);
    const isOther = (name: string | undefined) => name === shardOfTopic(other).name;
    fail(TopicShard.prototype, "exchange", "before", isOther);
    const { body } = await api("POST", "/publish/bulk", [{ topic, payload: "here" }, { topic: other }]);
    expect(body).toMatchObject({ published: 1, failed: 1, results: [{}, { reason: "shard-unreachable" }] });
    expect(await textsFor(clientId, 1)).toEqual(["here"]);
  });
});
