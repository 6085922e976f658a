// From a batch to deliveries: on whose terms, which bytes, which indexes; and what is retained.

import { describe, expect, test } from "vitest";
import { defaultRetainLimits, RetainedQuota, type RetainLimits } from "../../../src/retain/quota.ts";
import { type Delivery, plan } from "../../../src/shard/plan.ts";
import { Routes } from "../../../src/shard/routes.ts";
import { keyTopic } from "../../../src/topic/key.ts";
import { memoryShard, putRoutes } from "../../support/memory-shard.ts";
import { records, recordTexts } from "../../support/records.ts";

interface Options {
  readonly publisher?: string;
  readonly routedUpTo?: number;
  readonly repeated?: boolean;
  readonly limits?: RetainLimits;
  readonly delays?: boolean;
  /** What is to be retained was before. */
  readonly isRetained?: boolean;
}

function planned(routes: readonly string[], batch: readonly string[], options: Options = {}) {
  const { publisher = "p", routedUpTo = 0, repeated = false, delays = false, isRetained = false } = options;
  const store = memoryShard();
  putRoutes(store, ...routes);
  const body = records(...batch);
  let asked = 0;
  const ask = () => {
    asked++;
    return routedUpTo;
  };
  const quota = isRetained ? undefined : new RetainedQuota(store, options.limits ?? defaultRetainLimits, () => 0);
  const planned = plan(new Routes(store), {
    publisher,
    body,
    routedUpTo: ask,
    repeated,
    quota,
    delays,
  });
  return { ...planned, body, asked, of: (session: string) => textsOf(planned.deliveries, session) };
}

function textsOf(deliveries: readonly Delivery[], session: string): string[] | undefined {
  const own = deliveries.filter((delivery) => delivery.session === session);
  return own.length === 0 ? undefined : own.flatMap(({ body }) => recordTexts(body));
}

describe("bytes", () => {
  test("a batch that nothing differs in is passed on as it is, to all", () => {
    const { deliveries, body } = planned(["a s1 q2", "a s2 q1 id=0", "# s3 q1"], ["a:1 q1", "a:2 q0"]);
    expect(deliveries).toHaveLength(3);
    for (const delivery of deliveries) {
      expect(delivery.body).toBe(body);
      expect(delivery).toMatchObject({ count: 2, indexes: undefined, guaranteed: true });
    }
  });

  test("what differs is encoded once for all on the same terms", () => {
    const { deliveries, of } = planned(
      ["a s1 q0", "a s2 q0", "a s3 q1 id=7", "a s4 q1 id=7", "a s5 q1"],
      ["a:1 q1", "a:2 q1"],
    );
    const body = (session: string) => deliveries.find((delivery) => delivery.session === session)?.body;
    expect(body("s1")).toBe(body("s2"));
    expect(body("s3")).toBe(body("s4"));
    expect(of("s1")).toEqual(["a:1 q0", "a:2 q0"]);
    expect(of("s3")).toEqual(["a:1 q1 ids=7", "a:2 q1 ids=7"]);
    expect(of("s5")).toEqual(["a:1 q1", "a:2 q1"]);
  });

  test("a large batch with many identifiers leaves in chunks of bounded size, with their indexes", () => {
    const filters = Array.from({ length: 200 }, (_, index) => `${"+/".repeat(index)}# s1 q1 id=${index + 1}`);
    const topic = "x/".repeat(250);
    const batch = Array.from({ length: 2_000 }, (_, index) => `${topic}:${index} q1`);
    const { deliveries } = planned(filters, batch);
    expect(deliveries.length).toBeGreaterThan(1);
    const seen = deliveries.flatMap(({ indexes, count, body }) => {
      expect(body.length).toBeLessThanOrEqual(1024 * 1024);
      expect(indexes).toHaveLength(count);
      return indexes ?? [];
    });
    expect(seen).toEqual(batch.map((_, index) => index));
  });
});

const cases: readonly (readonly [
  title: string,
  routes: readonly string[],
  batch: readonly string[],
  options: Options,
  expected: Readonly<Record<string, readonly string[] | undefined>>,
])[] = [
  [
    "[MQTT-3.8.4-8] QoS is at most that of the subscription; the sequence of QoS 2 stays with QoS 2",
    ["a s0 q0", "a s1 q1", "a s2 q2"],
    ["a:1 q2 seq=5", "a:2 q1", "a:3 q0"],
    {},
    {
      s0: ["a:1 q0", "a:2 q0", "a:3 q0"],
      s1: ["a:1 q1", "a:2 q1", "a:3 q0"],
      s2: ["a:1 q2 seq=5", "a:2 q1", "a:3 q0"],
    },
  ],
  [
    "[MQTT-3.3.1-12] [MQTT-3.3.1-13] RETAIN goes on only to those who asked for it",
    ["a s1 q0 rap", "a s2 q0"],
    ["a:1 q0 retain", "a:2 q0"],
    {},
    { s1: ["a:1 q0 retain", "a:2 q0"], s2: ["a:1 q0", "a:2 q0"] },
  ],
  [
    "mixed topics: to each what it subscribed to, in order",
    ["a s1 q1", "b s2 q1", "+ s3 q1"],
    ["a:1 q1", "b:2 q1", "a:3 q1", "c:4 q1"],
    {},
    { s1: ["a:1 q1", "a:3 q1"], s2: ["b:2 q1"], s3: ["a:1 q1", "b:2 q1", "a:3 q1", "c:4 q1"] },
  ],
  [
    "[MQTT-3.8.3-3] No Local: not to the publisher itself",
    ["a p q1 nl", "+ p q0", "a s1 q1 nl"],
    ["a:1 q1"],
    {},
    { p: ["a:1 q0"], s1: ["a:1 q1"] },
  ],
  [
    "[MQTT-3.8.3-3] No Local alone: nothing to the publisher",
    ["a p q1 nl", "b p q1"],
    ["a:1 q1", "b:2 q1"],
    {},
    { p: ["b:2 q1"] },
  ],
  [
    "QoS 2 messages that were routed are left out, others are not",
    ["a s1 q2"],
    ["a:1 q2 seq=4", "a:2 q1", "a:3 q2 seq=5", "a:4 q2 seq=6"],
    { routedUpTo: 5 },
    { s1: ["a:2 q1", "a:4 q2 seq=6"] },
  ],
  [
    "a batch that comes again: without QoS 0",
    ["a s1 q2"],
    ["a:1 q0", "a:2 q1", "a:3 q0"],
    { repeated: true },
    { s1: ["a:2 q1"] },
  ],
  ["nobody", ["b s1 q0"], ["a:1 q1"], {}, { s1: undefined }],
  ["everything routed before", ["a s1 q2"], ["a:1 q2 seq=1"], { routedUpTo: 1 }, { s1: undefined }],
];

test.each(cases)("%s", (_, routes, batch, options, expected) => {
  const { of, deliveries } = planned(routes, batch, options);
  for (const [session, texts] of Object.entries(expected)) expect(of(session), session).toEqual(texts);
  expect(new Set(deliveries.map(({ session }) => session)).size).toBe(Object.values(expected).filter(Boolean).length);
});

test("what is to be delayed goes nowhere and is not retained; the rest of its batch does", () => {
  const batch = ["$delayed/9/a:1 q1 retain", "a:2 q1", "$delayed/x/a:3 q1", "$delayed/9/a:4 q2 seq=3"];
  const mixed = planned(["a s1 q1", "$delayed/# s2 q1"], batch, { delays: true });
  expect([mixed.of("s1"), mixed.of("s2")]).toEqual([["a:2 q1"], ["$delayed/x/a:3 q1"]]);
  expect([mixed.delays, mixed.changes, mixed.asked]).toEqual([true, [], 0]);
  expect(planned(["a s1 q1"], ["a:1 q1"], { delays: true }).delays).toBe(false);
});

test("where there are no delays such a topic is like any other", () => {
  const { delays, of } = planned(["$delayed/# s1 q1"], ["$delayed/9/a:1 q1"]);
  expect([delays, of("s1")]).toEqual([false, ["$delayed/9/a:1 q1"]]);
});

test("indexes lead from the records of a delivery to those of the batch", () => {
  const { deliveries } = planned(["a s1 q1", "b s2 q0"], ["b:0 q1", "a:1 q1", "c:2 q1", "a:3 q0"]);
  const found = deliveries.map(({ session, indexes, count, guaranteed }) => ({ session, indexes, count, guaranteed }));
  expect(found).toEqual([
    { session: "s2", indexes: [0], count: 1, guaranteed: false },
    { session: "s1", indexes: [1, 3], count: 2, guaranteed: true },
  ]);
});

test("a route of a session that is gone does not take messages for the one that is there", () => {
  const { deliveries } = planned(["t1 s1 q1 gen=1", "t2 s1 q1 gen=2"], ["t1:old q1", "t2:new q1"]);
  expect(deliveries.map(({ generation, body }) => [generation, recordTexts(body)])).toEqual([
    [1, ["t1:old q1"]],
    [2, ["t2:new q1"]],
  ]);
});

test("whether messages were routed is asked only when there are numbered ones, and once", () => {
  expect(planned([], ["a:1 q1"]).asked).toBe(0);
  expect(planned([], ["a:1 q2 seq=1", "a:2 q2 seq=2"]).asked).toBe(1);
});

test("what was retained before is not retained again", () => {
  const again = planned(["a s1 q1 rap"], ["a:1 q1 retain"], { isRetained: true });
  expect([again.changes, again.unretained, again.of("s1")]).toEqual([[], [], ["a:1 q1 retain"]]);
});

describe("retained", () => {
  const retained = (batch: readonly string[], options: Options = {}) =>
    planned([], batch, options).changes.map((change) => {
      if (change.kind === "put-retained") return `${keyTopic(change.key)} = ${recordTexts(change.body)}`;
      return change.kind === "delete-retained" ? `${keyTopic(change.key)} gone` : change.kind;
    });

  test("[MQTT-3.3.1-5] RETAIN replaces the topic's message, without its sequence, with its QoS and expiry", () => {
    expect(retained(["a/b:1 q2 seq=5 retain", "a:2 q0", "c:3 q1 exp=77 retain"])).toEqual([
      "a/b = a/b:1 q2 retain",
      "c = c:3 q1 retain exp=77",
    ]);
  });

  test("[MQTT-3.3.1-6] [MQTT-3.3.1-7] an empty payload removes it", () => {
    expect(retained(["a: q0 retain", "b: q1"])).toEqual(["a gone"]);
  });

  test("the last of a batch to each topic is what stays", () => {
    expect(retained(["a:1 q0 retain", "b:1 q0 retain", "a: q0 retain", "b: q0 retain", "a:3 q0 retain"])).toEqual([
      "a = a:3 q0 retain",
      "b gone",
    ]);
  });

  test("not again what was routed before, nor QoS 0 of a batch that comes again", () => {
    expect(
      retained(["a:1 q2 seq=1 retain", "b:2 q0 retain", "c:3 q1 retain"], { routedUpTo: 1, repeated: true }),
    ).toEqual(["c = c:3 q1 retain"]);
  });
});

test("what a shard has no room to retain is delivered all the same, and named", () => {
  const limits = { retainedMessagesMax: 1, retainedBytesMax: 1_000 };
  const { changes, unretained, of } = planned(["# s q1"], ["a:1 q1 retain", "b:2 q1 retain", "a:3 q1 retain"], {
    limits,
  });
  expect(of("s")).toHaveLength(3);
  expect(unretained).toEqual(["b"]);
  expect(changes.map((change) => ("key" in change ? change.key : ""))).toEqual(["a"]);
});
