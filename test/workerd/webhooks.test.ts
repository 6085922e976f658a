// Webhooks on real objects: what an endpoint is sent, what its answers mean, and what that costs.

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { webhookClientId } from "../../worker/names.ts";
import { eventually } from "../support/eventually.ts";
import { api, manage } from "./support/api.ts";
import { countFor, inWords, measure } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { closeEndpoints, Endpoint, isSignedWith } from "./support/endpoint.ts";
import { everybodySleeps, reset } from "./support/faults.ts";
import { rowsOf, sessionOf } from "./support/objects.ts";

afterEach(async () => {
  cutClients();
  closeEndpoints();
  vi.restoreAllMocks();
  for (const { name } of (await manage("GET", "/webhooks")).items) await manage("DELETE", `/webhooks/${name}`);
});

class Hook {
  readonly name = uniqueId("hook");
  readonly topic = uniqueId("topic");
  readonly endpoint = new Endpoint();
  secret = "";

  static async made(fields: object = {}): Promise<Hook> {
    const hook = new Hook();
    const body = { name: hook.name, url: hook.endpoint.url, filters: [`${hook.topic}/#`], lingerMs: 0, ...fields };
    hook.secret = (await manage("POST", "/webhooks", body)).secret;
    return hook;
  }

  get session() {
    return sessionOf(webhookClientId(this.name));
  }

  get path(): string {
    return `/webhooks/${this.name}`;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  status(): Promise<any> {
    return manage("GET", `${this.path}/status`);
  }

  async untilStatus(what: object): Promise<void> {
    await eventually(`a status like ${JSON.stringify(what)}`, async () => {
      const status = await this.status();
      return Object.entries(what).every(([name, value]) => JSON.stringify(status[name]) === JSON.stringify(value));
    });
  }
}

describe("an endpoint", () => {
  test("is sent what matches, of every QoS, with its properties, signed", async () => {
    const hook = await Hook.made({ lingerMs: 100 });
    const publisher = await Client.connect({ version: 5 });
    publisher.publish(`${hook.topic}/0`, "zero", 0);
    await publisher.deliver(`${hook.topic}/1`, "one", 1, { properties: { contentType: "text/plain" } });
    await publisher.deliver(`${hook.topic}/2`, "two", 2);
    await publisher.deliver("elsewhere", "nothing", 1);
    await eventually("three messages", () => hook.endpoint.payloads.flat().length === 3);
    const sent = hook.endpoint.sent;
    const items = sent.flatMap((one) => one.items);
    expect(items.map(({ type, data }) => [type, data.topic, data.payload, data.qos])).toEqual([
      ["message", `${hook.topic}/0`, "zero", 0],
      ["message", `${hook.topic}/1`, "one", 1],
      ["message", `${hook.topic}/2`, "two", 2],
    ]);
    expect(items[1].data.properties).toEqual({ contentType: "text/plain" });
    expect(new Set(items.map(({ id }) => id)).size).toBe(3);
    for (const one of sent) {
      expect(isSignedWith(hook.secret, one)).toBe(true);
      expect(JSON.parse(one.text)).toMatchObject({ webhook: hook.name, batch: one.id });
      expect(Math.abs(Number(one.headers.get("webhook-timestamp")) * 1000 - Date.now())).toBeLessThan(60_000);
      expect([one.headers.get("content-type"), one.redirect]).toEqual(["application/json", "manual"]);
    }
    await hook.untilStatus({ queueMessages: 0, failuresInARow: 0 });
    expect(await hook.status()).toMatchObject({ delivered: { items: 3 }, lastFailure: null });
    expect(await rowsOf(hook.session, "segment")).toBe(0);
  });

  test.each([500, 503, 401, 404, 408, 429, 302])("that answers %i is sent the same batch again", async (status) => {
    const hook = await Hook.made();
    hook.endpoint.answer(status, 200);
    const publisher = await Client.connect();
    await publisher.deliver(`${hook.topic}/a`, "1", 1);
    await hook.endpoint.until(1);
    await publisher.deliver(`${hook.topic}/a`, "2", 1);
    const [first, second] = await hook.endpoint.until(3);
    expect([second?.id, second?.text]).toEqual([first?.id, first?.text]);
    expect(hook.endpoint.payloads).toEqual([["1"], ["1"], ["2"]]);
    await hook.untilStatus({ queueMessages: 0 });
    expect(await hook.status()).toMatchObject({ failedAttempts: 1, lastFailure: { status, detail: `${status}  why` } });
  });

  test.each([400, 413, 422, 451])(
    "that answers %i has refused the batch: a dead letter, and the next",
    async (status) => {
      const hook = await Hook.made();
      hook.endpoint.answer(status, 200);
      const publisher = await Client.connect();
      await publisher.deliver(`${hook.topic}/a`, "1", 1);
      await hook.endpoint.until(1);
      await publisher.deliver(`${hook.topic}/a`, "2", 1);
      await hook.endpoint.until(2);
      expect(hook.endpoint.payloads).toEqual([["1"], ["2"]]);
      const { items } = await manage("GET", `${hook.path}/dead-letters`);
      expect(items).toMatchObject([{ attempts: 1, items: 1, failure: { reason: "refused", status } }]);
    },
  );

  test.each(["awake", "reset"] as const)(
    "that begins with what is retained gets all of it, once, its object %s",
    async (fault) => {
      const topic = uniqueId("topic");
      const publisher = await Client.connect();
      const payloads = Array.from({ length: 900 }, (_, index) => `${index}`);
      // More than two pages of one shard.
      for (const payload of payloads) publisher.publish(`${topic}/a/${payload}`, payload, 1, { retain: true });
      for (const _ of payloads) await publisher.expect("puback");
      const filters = [`${topic}/a/#`];
      // A queue that takes a page when half of it is free.
      const hook = await Hook.made({ filters, retained: true, queueMessagesMax: 600, batchMessagesMax: 20 });
      const hangs = fault === "reset" ? [2, 1] : [];
      hook.endpoint.answer(...hangs.flatMap(() => [200, 200, 200, 200, "hang"] as const), 200);
      for (const left of hangs) {
        await eventually("a batch that hangs", () => hook.endpoint.answers.length === left * 5 - 4);
        await reset(hook.session);
      }
      await hook.untilStatus({ queueMessages: 0 });
      await eventually("all of them", () => new Set(hook.endpoint.payloads.flat()).size === payloads.length);
      const items = hook.endpoint.sent.flatMap((one) => one.items);
      const seen = new Map(items.map(({ id, data }) => [id, data.payload]));
      expect([...seen.values()].sort()).toEqual([...payloads].sort());
      expect(await rowsOf(hook.session, "replay")).toBe(0);
    },
  );

  test("that is slow keeps nobody who publishes", async () => {
    const hook = await Hook.made({ timeoutSeconds: 30 });
    hook.endpoint.answer("hang", 200);
    const publisher = await Client.connect();
    await publisher.deliver(`${hook.topic}/a`, "1", 1);
    await hook.endpoint.until(1);
    for (let count = 0; count < 20; count++) await publisher.deliver(`${hook.topic}/a`, `more ${count}`, 1);
    expect(hook.endpoint.sent).toHaveLength(1);
    hook.endpoint.release();
    await eventually("all of them", () => hook.endpoint.payloads.flat().includes("more 19"));
  });

  test("that hangs, or cannot be reached, is tried again", async () => {
    const hook = await Hook.made({ timeoutSeconds: 1 });
    hook.endpoint.answer("hang", "unreachable", 200);
    const publisher = await Client.connect();
    await publisher.deliver(`${hook.topic}/a`, "1", 1);
    await hook.untilStatus({ failuresInARow: 1 });
    expect(await hook.status()).toMatchObject({ lastFailure: { reason: "timeout", status: null } });
    await hook.untilStatus({ failedAttempts: 2 });
    expect(await hook.status()).toMatchObject({ lastFailure: { reason: "unreachable" } });
    await hook.endpoint.until(3);
    expect(hook.endpoint.payloads).toEqual([["1"], ["1"], ["1"]]);
  });

  test("that asks to wait is waited for, but no longer than an hour", async () => {
    const hook = await Hook.made();
    hook.endpoint.answer(() => new Response("", { status: 503, headers: { "Retry-After": "100000" } }));
    const publisher = await Client.connect();
    await publisher.deliver(`${hook.topic}/a`, "1", 1);
    await hook.untilStatus({ failuresInARow: 1 });
    const { nextAttemptAtMs } = await hook.status();
    expect(Math.abs(nextAttemptAtMs - Date.now() - 3_600_000)).toBeLessThan(10_000);
  });

  test("that answers without end is not listened to for long", async () => {
    const hook = await Hook.made();
    let pulled = 0;
    const endless = () => {
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled++;
          controller.enqueue(new TextEncoder().encode("x".repeat(500)));
        },
      });
    };
    hook.endpoint.answer(() => new Response(endless(), { status: 500 }), 200);
    await (await Client.connect()).deliver(`${hook.topic}/a`, "1", 1);
    await hook.untilStatus({ failedAttempts: 1 });
    expect(pulled).toBeGreaterThan(1);
    expect(pulled).toBeLessThan(10);
    expect((await hook.status()).lastFailure.detail.length).toBeLessThanOrEqual(300);
  });

  test.each(["sleep", "reset"] as const)(
    "gets a batch whose object met a %s again, under the same id",
    async (fault) => {
      const hook = await Hook.made();
      hook.endpoint.answer(500, 200);
      const publisher = await Client.connect();
      await publisher.deliver(`${hook.topic}/a`, "1", 1);
      await hook.untilStatus({ failuresInARow: 1 });
      await (fault === "sleep" ? everybodySleeps() : reset(hook.session));
      const [first, second] = await hook.endpoint.until(2);
      expect([second?.id, second?.text]).toEqual([first?.id, first?.text]);
      await hook.untilStatus({ queueMessages: 0 });
    },
  );

  test("never gets the id of another batch, whatever its object forgets", async () => {
    const hook = await Hook.made();
    const publisher = await Client.connect();
    for (const payload of ["1", "2", "3"]) {
      await publisher.deliver(`${hook.topic}/a`, payload, 1);
      await hook.untilStatus({ queueMessages: 0 });
      await reset(hook.session);
    }
    expect(new Set(hook.endpoint.sent.map(({ id }) => id)).size).toBe(3);
    expect(new Set(hook.endpoint.sent.map(({ items }) => items[0].id)).size).toBe(3);
  });
});

describe("dead letters", () => {
  test("are listed page by page, shown to who may see them, sent again and forgotten", async () => {
    const hook = await Hook.made({ batchMessagesMax: 1 });
    hook.endpoint.answer(400);
    const publisher = await Client.connect();
    for (const payload of ["1", "2", "3"]) await publisher.deliver(`${hook.topic}/a`, payload, 1);
    await hook.untilStatus({ queueMessages: 0 });
    const first = await manage("GET", `${hook.path}/dead-letters?limit=2`);
    const second = await manage("GET", `${hook.path}/dead-letters?limit=2&after=${first.next}`);
    const letters = [...first.items, ...second.items];
    expect([letters.length, second.next]).toEqual([3, null]);
    const one = `${hook.path}/dead-letters/${letters[0].id}`;
    expect(await manage("GET", one)).toMatchObject({ contents: [{ type: "message", data: { payload: "1" } }] });
    const reader = await manage("POST", "/api-keys", { name: "reader", scopes: ["read"] });
    expect((await api("GET", one, undefined, reader.key)).status).toBe(403);

    hook.endpoint.answer(200);
    expect(await manage("POST", `${one}/send`)).toEqual({ batches: 1 });
    const sent = await hook.endpoint.until(4);
    expect([sent[3]?.id, sent[3]?.text]).toEqual([sent[0]?.id, sent[0]?.text]);
    await eventually("it is no dead letter any more", async () => (await api("GET", one)).status === 404);
    expect(await manage("DELETE", `${hook.path}/dead-letters/${letters[1].id}`)).toEqual({ batches: 1 });
    expect((await api("DELETE", `${hook.path}/dead-letters/${letters[1].id}`)).status).toBe(404);
    expect(await manage("POST", `${hook.path}/dead-letters/all/send`)).toEqual({ batches: 1 });
    await hook.endpoint.until(5);
    await eventually("all are gone", async () => (await hook.status()).deadLetters.batches === 0);
    expect(await manage("DELETE", `${hook.path}/dead-letters/all`)).toEqual({ batches: 0 });
  });
});

describe("an operator", () => {
  test("pauses and resumes, and nothing is lost", async () => {
    const hook = await Hook.made();
    expect(await manage("POST", `${hook.path}/pause`)).toMatchObject({ isPaused: true });
    const publisher = await Client.connect();
    await publisher.deliver(`${hook.topic}/a`, "1", 1);
    await everybodySleeps();
    expect(await hook.status()).toMatchObject({ isPaused: true, queueMessages: 1 });
    expect(hook.endpoint.sent).toHaveLength(0);
    await manage("POST", `${hook.path}/resume`);
    await hook.endpoint.until(1);
    expect(hook.endpoint.payloads).toEqual([["1"]]);
  });

  test("renews the secret: both sign, and what is shown or written down has neither", async () => {
    const hook = await Hook.made();
    const { secret, formerSecretUntilMs } = await manage("POST", `${hook.path}/secret`);
    expect(secret).not.toBe(hook.secret);
    expect(formerSecretUntilMs).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    await (await Client.connect()).deliver(`${hook.topic}/a`, "1", 1);
    const [sent] = await hook.endpoint.until(1);
    expect(sent && [isSignedWith(secret, sent), isSignedWith(hook.secret, sent)]).toEqual([true, true]);
    const everything = JSON.stringify([
      await manage("GET", hook.path),
      await manage("GET", "/webhooks"),
      await manage("GET", "/audit"),
      await hook.status(),
      await manage("PATCH", hook.path, { comment: "new" }),
    ]);
    for (const one of [secret, hook.secret]) expect(everything).not.toContain(one.slice(6));
    expect(everything).toContain("webhook.renew-secret");
  });

  test("changes address and filters, at once, also of what waits", async () => {
    const hook = await Hook.made();
    hook.endpoint.answer(500);
    const publisher = await Client.connect();
    await publisher.deliver(`${hook.topic}/a`, "1", 1);
    await hook.untilStatus({ failuresInARow: 1 });
    const other = new Endpoint();
    const topic = uniqueId("other");
    await manage("PATCH", hook.path, { url: other.url, filters: [topic] });
    await other.until(1);
    await publisher.deliver(`${hook.topic}/a`, "2", 1);
    await publisher.deliver(topic, "3", 1);
    await other.until(2);
    expect(other.payloads).toEqual([["1"], ["3"]]);
  });

  test("deletes it, and nothing of it is left", async () => {
    const hook = await Hook.made();
    await manage("POST", `${hook.path}/pause`);
    await (await Client.connect()).deliver(`${hook.topic}/a`, "1", 1);
    await manage("DELETE", hook.path);
    expect((await api("GET", `${hook.path}/status`)).status).toBe(404);
    expect((await api("GET", `/clients/${encodeURIComponent(webhookClientId(hook.name))}`)).status).toBe(404);
    await manage("POST", "/webhooks", { name: hook.name, url: hook.endpoint.url, filters: [`${hook.topic}/#`] });
    expect(await hook.status()).toMatchObject({ queueMessages: 0, deadLetters: { batches: 0 } });
  });

  test("sends a test, and is told what came of it, also while it is paused", async () => {
    const hook = await Hook.made();
    await manage("POST", `${hook.path}/pause`);
    expect(await manage("POST", `${hook.path}/test`)).toMatchObject({ isDelivered: true, reason: null });
    expect(hook.endpoint.sent[0]?.items).toMatchObject([{ type: "test" }]);
    hook.endpoint.answer(500);
    expect(await manage("POST", `${hook.path}/test`)).toMatchObject({
      isDelivered: false,
      reason: "status",
      status: 500,
    });
  });

  test.each([
    ["no target", { filters: ["a"] }, "body.url"],
    ["two targets", { url: "https://a.example/", queue: "EVENTS_QUEUE", filters: ["a"] }, "body.url"],
    ["nothing to send", { url: "https://a.example/" }, "body.filters"],
    ["no filter", { url: "https://a.example/", filters: ["a/#/b"] }, "body.filters.0"],
    ["a shared subscription", { url: "https://a.example/", filters: ["$share/g/a"] }, "body.filters.0"],
    ["a topic of events", { url: "https://a.example/", filters: ["$event/#"] }, "body.filters.0"],
    ["an unknown event", { url: "https://a.example/", events: ["client.sneezed"] }, "body.events.0"],
    ["no https", { url: "http://a.example/", filters: ["a"] }, "body.url"],
    ["an address by number", { url: "https://169.254.169.254/", filters: ["a"] }, "body.url"],
    ["a private name", { url: "https://metadata.internal/", filters: ["a"] }, "body.url"],
    ["credentials", { url: "https://u:p@a.example/", filters: ["a"] }, "body.url"],
    ["a queue that is not there", { queue: "NO_QUEUE", filters: ["a"] }, "body.queue"],
    ["a binding that is no queue", { queue: "CONTROL", filters: ["a"] }, "body.queue"],
    ["too many attempts", { url: "https://a.example/", filters: ["a"], attemptsMax: 101 }, "body.attemptsMax"],
  ])("cannot make one with %s", async (_, fields, path) => {
    const answer = await api("POST", "/webhooks", { name: uniqueId("bad"), ...fields });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, path]);
  });

  test("has no two of one name, and pages through them by name", async () => {
    const hook = await Hook.made();
    const again = { name: hook.name, url: hook.endpoint.url, filters: ["a"] };
    expect((await api("POST", "/webhooks", again)).status).toBe(409);
    await Hook.made();
    const first = await manage("GET", "/webhooks?limit=1");
    const second = await manage("GET", `/webhooks?limit=1&after=${first.next}`);
    expect(second.items[0].name > first.items[0].name).toBe(true);
    expect((await api("GET", "/webhooks/nobody")).status).toBe(404);
  });
});

test("no client may have the id of a webhook", async () => {
  const client = await Client.attempt({ version: 5, clientId: webhookClientId("x") });
  expect(client.code).toBe(0x85);
});

test("a queue of the platform gets a message for each item, within its limits", async () => {
  const queue = env["EVENTS_QUEUE" as keyof typeof env] as unknown as Queue;
  const calls: { id: string; webhook: string; data: { payload: string } }[][] = [];
  const sendBatch = queue.sendBatch.bind(queue);
  vi.spyOn(queue, "sendBatch").mockImplementation(async (messages) => {
    calls.push(Array.from(messages, ({ body }) => body as (typeof calls)[number][number]));
    return sendBatch(messages);
  });
  const topic = uniqueId("queued");
  const name = uniqueId("hook");
  const fields = { filters: [topic], batchMessagesMax: 1000, batchBytesMax: 1_000_000 };
  await manage("POST", "/webhooks", { name, queue: "EVENTS_QUEUE", ...fields });
  await manage("POST", `/webhooks/${name}/pause`);
  const publisher = await Client.connect();
  const payloads = [
    ...Array.from({ length: 150 }, (_, index) => `${index}`),
    "x".repeat(200_000),
    // Each of these takes six times as much in JSON.
    "\u0001".repeat(20_000),
    ...Array.from({ length: 40 }, () => "y".repeat(15_000)),
  ];
  for (const payload of payloads) publisher.publish(topic, payload, 1);
  for (const _ of payloads) await publisher.expect("puback");
  expect(await manage("POST", `/webhooks/${name}/test`)).toMatchObject({ isDelivered: true });
  calls.splice(0);
  await manage("POST", `/webhooks/${name}/resume`);
  const status = () => manage("GET", `/webhooks/${name}/status`);
  await eventually("all are sent", async () => (await status()).queueMessages === 0);
  const sent = calls.flat();
  expect(sent.map(({ data }) => data.payload)).toEqual(payloads.filter(({ length }) => length < 200_000));
  expect(new Set(sent.map(({ id }) => id)).size).toBe(payloads.length - 1);
  expect(new Set(sent.map(({ webhook }) => webhook))).toEqual(new Set([name]));
  for (const call of calls) {
    expect(call.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(call).length).toBeLessThanOrEqual(256_000);
  }
  const { items } = await manage("GET", `/webhooks/${name}/dead-letters`);
  expect(items).toMatchObject([{ items: 1, failure: { reason: "too-large" } }]);
});

describe("BILL", () => {
  const send = async (hook: Hook, publisher: Client, count: number) => {
    for (let sent = 0; sent < count; sent++) publisher.publish(`${hook.topic}/a`, `${sent}`, 1);
    for (let left = count; left > 0; left--) await publisher.expect("puback");
    await eventually("all of them", async () => (await hook.status()).queueMessages === 0);
  };

  test("a lone message to a webhook writes five rows, with its alarm, and wakes nobody else", async () => {
    const hook = await Hook.made();
    const publisher = await Client.connect();
    await send(hook, publisher, 1);
    const asking = await measure(1, () => hook.status());
    const bill = await measure(1, async () => {
      await publisher.deliver(`${hook.topic}/a`, "m", 1);
      await hook.endpoint.until(2);
      await hook.untilStatus({ queueMessages: 0 });
    });
    const figures = inWords("a lone message to a webhook", bill);
    expect(bill.rows_written + bill.alarms_set, figures).toBeLessThanOrEqual(5);
    expect(asking.rows_written + asking.alarms_set).toBe(0);
  });

  test("a stream to a webhook writes at most 0.1 rows a message, in batches", async () => {
    const hook = await Hook.made({ lingerMs: 100, batchMessagesMax: 500 });
    const publisher = await Client.connect();
    await send(hook, publisher, 100);
    const batches = countFor("webhook_batches", "delivered");
    const bill = await measure(2_000, () => send(hook, publisher, 2_000));
    const figures = inWords("a stream to a webhook", bill);
    expect(bill.rows_written + bill.alarms_set, figures).toBeLessThanOrEqual(0.1);
    expect(countFor("webhook_batches", "delivered") - batches).toBeLessThanOrEqual(40);
  });
});
