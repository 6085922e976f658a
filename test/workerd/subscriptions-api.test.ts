// The subscriptions of all sessions, as the shards route by them.

import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { topicKey } from "../../src/topic/key.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { api, manage } from "./support/api.ts";
import { countOf } from "./support/bill.ts";
import { uniqueId } from "./support/client.ts";
import { endFaults, fail } from "./support/faults.ts";
import { shardOfTopic } from "./support/objects.ts";

afterEach(endFaults);

interface Item {
  readonly clientId: string;
  readonly filter: string;
}

/** All pages. */
async function listed(query: Record<string, string>): Promise<Item[]> {
  const items: Item[] = [];
  for (let after = ""; ; ) {
    const page = await manage("GET", `/subscriptions?${new URLSearchParams({ ...query, after })}`);
    items.push(...page.items);
    if (page.next === null) return items;
    after = page.next;
  }
}

async function session(id: string, filters: readonly string[]): Promise<void> {
  await manage("PUT", `/sessions/${id}`, { subscriptions: filters.map((filter) => ({ filter, qos: 1 })) });
}

const inShort = (items: readonly Item[]) => items.map(({ clientId, filter }) => `${clientId} ${filter}`).toSorted();

test("SUB-1 each is there once, also one that every shard knows and a shared one, however small the pages are", async () => {
  const base = uniqueId("sub");
  const filters = [`${base}/a`, `${base}/b/#`, `+/${base}`, "#", `$share/g/${base}/c`, `$share/g/+/${base}`, "$SYS/#"];
  for (const id of [`${base}-1`, `${base}-2`]) await session(id, filters);
  const wanted = [`${base}-1`, `${base}-2`].flatMap((clientId) => filters.map((filter) => ({ clientId, filter })));
  for (const limit of ["1", "3", "1000"]) {
    expect(inShort(await listed({ prefix: base, limit }))).toEqual(inShort(wanted));
  }
  const [first] = await listed({ prefix: `${base}-1`, filter: `${base}/a` });
  expect(first).toEqual({
    clientId: `${base}-1`,
    filter: `${base}/a`,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    identifier: null,
  });
});

test("SUB-2 one filter, letter by letter: of all sessions, or of those with a prefix", async () => {
  const base = uniqueId("sub");
  const filters = [`${base}/+/x`, `+/${base}`, `$share/g/${base}`, base];
  for (const id of [`${base}-1`, `${base}-2`]) await session(id, filters);
  for (const filter of filters) {
    expect(inShort(await listed({ filter, limit: "1" }))).toEqual([`${base}-1 ${filter}`, `${base}-2 ${filter}`]);
    expect(inShort(await listed({ filter, prefix: `${base}-2` }))).toEqual([`${base}-2 ${filter}`]);
  }
  expect(await listed({ filter: `${base}/y/x` })).toEqual([]);
});

test("SUB-3 what ends is gone from it", async () => {
  const base = uniqueId("sub");
  await session(base, [`${base}/a`, `${base}/b`]);
  await manage("DELETE", `/sessions/${base}/subscriptions?filter=${base}/a`);
  expect(inShort(await listed({ prefix: base }))).toEqual([`${base} ${base}/b`]);
  await manage("DELETE", `/sessions/${base}`);
  expect(await listed({ prefix: base })).toEqual([]);
});

test("SUB-4 among 100,000 each page reads the same number of rows, wherever it stands", async () => {
  const base = uniqueId("sub");
  const topic = `${base}/many`;
  const stub = shardOfTopic(topic);
  await runInDurableObject(stub, (_, { storage }) => {
    storage.transactionSync(() => {
      for (let index = 0; index < 100_000; index++) {
        storage.sql.exec(
          "INSERT INTO route VALUES (?, ?, 1, 1, 0, 0, 0)",
          topicKey(`${topic}/${index % 1_000}`),
          `c:${base}-${index}`,
        );
      }
    });
  });
  const read: number[] = [];
  let count = 0;
  const limit = 1_000;
  for (let after: string | undefined; ; ) {
    const before = countOf("rows_read");
    const page = await stub.subscriptions({ after, limit, filter: undefined, session: undefined });
    read.push(countOf("rows_read") - before);
    count += page.items.filter(({ item }) => item.filter.startsWith(topic)).length;
    if (page.after === undefined) break;
    after = page.after;
  }
  expect(count).toBe(100_000);
  expect(Math.max(...read)).toBeLessThanOrEqual(limit + 20);
  // One that few have: a page that finds nothing costs a bounded number of rows.
  const before = countOf("rows_read");
  const { items } = await stub.subscriptions({ after: undefined, limit: 10, filter: undefined, session: "c:nobody" });
  expect([items, countOf("rows_read") - before <= 2_300]).toEqual([[], true]);
});

test("SUB-5 a shard that does not answer: 503, and which kind", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  fail(TopicShard.prototype, "subscriptions" as never, "before");
  const { status, body } = await api("GET", "/subscriptions");
  expect([status, body.type]).toEqual([503, "urn:durablemq:problem:shard-unreachable"]);
});

test.each(["after=x", `after=${btoa('[0,"x"]')}`, `after=${btoa('[0,"[1]"]')}`, "limit=0", "filter=", "x=1"])(
  "SUB-6 400 for ?%s",
  async (query) => {
    expect((await api("GET", `/subscriptions?${query}`)).status).toBe(400);
  },
);
