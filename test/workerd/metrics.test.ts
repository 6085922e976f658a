// `/metrics` and `/healthz`: who may see them, what they say, and what asking costs.

import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SessionDirectory } from "../../worker/directory/object.ts";
import { Health } from "../../worker/health.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { manage } from "./support/api.ts";
import { countFor, countOf } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { endFaults, fail, hold } from "./support/faults.ts";
import { rowsOf } from "./support/objects.ts";

const batch = env.CONTROL.batch;
afterEach(() => {
  (env.CONTROL as { batch: unknown }).batch = batch;
  endFaults();
  cutClients();
});

function get(path: string, key?: string): Promise<Response> {
  const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  return exports.default.fetch(new Request(`http://broker${path}`, { headers }));
}

function valueIn(text: string, name: string): number {
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1),
  );
}

describe("/metrics", () => {
  test("without METRICS_OPEN a key is needed, with the scope read", async () => {
    expect((await get("/metrics")).status).toBe(401);
    const publisher = await manage("POST", "/api-keys", { name: "p", scopes: ["publish"] });
    expect((await get("/metrics", publisher.key)).status).toBe(403);
    const reader = await manage("POST", "/api-keys", { name: "r", scopes: ["read"] });
    const answer = await get("/metrics", reader.key);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    expect(await answer.text()).toContain("durablemq_wakes_total");
  });

  test("sessions are counted by state, and how deep queues are where something is stored", async () => {
    const id = uniqueId();
    const topic = uniqueId("metrics/depth");
    const text = async () => (await get("/metrics", testAdminKey)).text();
    const before = await text();
    await manage("PUT", `/sessions/${id}`, { subscriptions: [{ filter: topic, qos: 1 }] });
    for (let index = 0; index < 3; index++) await manage("POST", "/publish", { topic, payload: "x" });
    const after = await text();
    const depth = 'durablemq_queue_depth_bucket{le="10"}';
    expect(valueIn(after, depth) - valueIn(before, depth)).toBe(3);
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    try {
      const name = 'durablemq_sessions{state="provisioned"}';
      expect(valueIn(await text(), name)).toBe(valueIn(before, name) + 1);
    } finally {
      vi.useRealTimers();
    }
  });

  test("messages are counted by QoS, their bytes by direction, and how long they took", async () => {
    const topic = uniqueId("metrics/a");
    const subscriber = await Client.connect();
    await subscriber.subscribe(topic, 1);
    const publisher = await Client.connect();
    const text = async () => (await get("/metrics", testAdminKey)).text();
    const before = {
      published: countFor("messages_published", "1"),
      loose: countFor("messages_published", "0"),
      sent: countFor("messages_sent", "1"),
      bytesIn: countFor("message_bytes", "in"),
      bytesOut: countFor("message_bytes", "out"),
      acknowledged: valueIn(await text(), "durablemq_puback_seconds_count"),
      delivered: valueIn(await text(), "durablemq_delivery_seconds_count"),
    };
    publisher.publish(topic, "12345", 0);
    await publisher.deliver(topic, "1234567", 1);
    await subscriber.expectPublishes(2);
    const after = await text();
    expect({
      published: countFor("messages_published", "1") - before.published,
      loose: countFor("messages_published", "0") - before.loose,
      sent: countFor("messages_sent", "1") - before.sent,
      bytesIn: countFor("message_bytes", "in") - before.bytesIn,
      bytesOut: countFor("message_bytes", "out") - before.bytesOut,
      acknowledged: valueIn(after, "durablemq_puback_seconds_count") - before.acknowledged,
      delivered: valueIn(after, "durablemq_delivery_seconds_count") - before.delivered,
    }).toEqual({ published: 1, loose: 1, sent: 1, bytesIn: 12, bytesOut: 12, acknowledged: 1, delivered: 2 });
    expect(valueIn(after, "durablemq_connections")).toBeGreaterThanOrEqual(2);
  });
});

describe("/healthz", () => {
  const nowMs = 1_700_000_000_000;

  test("each part answers: 200, for anybody", async () => {
    const answer = await get("/healthz");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: "ok",
      checks: {
        edge: { ok: true },
        session: { ok: true },
        shard: { ok: true },
        directory: { ok: true },
        control: { ok: true },
      },
    });
  });

  test("asked again within ten seconds it asks nobody, and what it asks writes nothing", async () => {
    await new Health().of(env, nowMs);
    const health = new Health();
    const [calls, reads, rows] = [countOf("object_calls"), countOf("control_reads"), countOf("rows_written")];
    for (let index = 0; index < 10; index++) await health.of(env, nowMs + index * 999);
    expect([countOf("object_calls") - calls, countOf("control_reads") - reads]).toEqual([3, 1]);
    expect(countOf("rows_written")).toBe(rows);
    await health.of(env, nowMs + 10_000);
    expect([countOf("object_calls") - calls, countOf("control_reads") - reads]).toEqual([6, 2]);
    expect(await rowsOf(env.SESSION.getByName("health"), "state")).toBe(0);
  });

  test.each([
    ["session", () => void fail(SessionObject.prototype, "probe" as never, "before")],
    ["shard", () => void fail(TopicShard.prototype, "probe" as never, "before")],
    ["directory", () => void fail(SessionDirectory.prototype, "probe" as never, "before")],
    ["control", () => void ((env.CONTROL as { batch: unknown }).batch = () => Promise.reject(new Error("away")))],
  ])("says that %s does not", async (part, breakIt) => {
    breakIt();
    const { status, checks } = await new Health().of(env, nowMs);
    expect(status).toBe("failing");
    const failing = Object.entries(checks).filter(([, { ok }]) => !ok);
    expect(failing.map(([name]) => name)).toEqual([part]);
  });

  test("waits two seconds for what hangs, and no longer", async () => {
    hold(TopicShard.prototype, "probe" as never, "before");
    const { status, checks } = await new Health().of(env, nowMs);
    expect([status, checks.shard.ok, checks.session.ok]).toEqual(["failing", false, true]);
    expect(checks.shard.tookMs).toBeLessThan(10_000);
  });
});
