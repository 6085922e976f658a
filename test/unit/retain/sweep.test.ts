// Expired retained messages make room for new ones, and looking for them costs a bounded number of rows.

import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordReader, RecordWriter } from "../../../src/queue/record.ts";
import { defaultRetainLimits, RetainedQuota, type RetainLimits } from "../../../src/retain/quota.ts";
import type { HeadQuery, RetainedHead } from "../../../src/retain/sweep.ts";
import { plan } from "../../../src/shard/plan.ts";
import { Routes } from "../../../src/shard/routes.ts";
import type { ShardStore } from "../../../src/store/shard-store.ts";
import { keyTopic, topicKey } from "../../../src/topic/key.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { message, records } from "../../support/records.ts";

const everything = { after: "", countMax: 100_000, bytesMax: 1e9, headBytes: 0 };

/** A shard that retains, its clock in the hands of a test, and what it reads when it looks for room. */
class Retaining {
  readonly store: ShardStore = memoryShard();
  nowMs = 1_000;
  /** Rows of each look. */
  readonly looks: number[] = [];
  readonly #limits: Partial<RetainLimits>;
  quota!: RetainedQuota;

  constructor(limits: Partial<RetainLimits>) {
    this.#limits = limits;
    this.wake();
  }

  /** Its memory is lost. */
  wake(): void {
    const { store } = this;
    const sizes = {
      retainedTotals: () => store.retainedTotals(),
      retainedBytes: (key: string) => store.retainedBytes(key),
      retainedHeads: (query: HeadQuery): readonly RetainedHead[] => {
        const rows = store.retainedHeads(query);
        this.looks.push(rows.length);
        return rows;
      },
    };
    this.quota = new RetainedQuota(sizes, { ...defaultRetainLimits, ...this.#limits }, () => this.nowMs);
  }

  /** Topics that were refused. */
  publish(...texts: readonly string[]): readonly string[] {
    const { store, quota } = this;
    const body = records(...texts.map((text) => `${text} q1 retain`));
    const batch = { publisher: "p", body, routedUpTo: () => 0, repeated: false, quota, delays: false };
    const { changes, unretained } = plan(new Routes(store), batch);
    store.apply(changes);
    expect(quota.totals).toEqual(store.retainedTotals());
    return unretained;
  }

  get topics(): string[] {
    return this.store.retainedHeads(everything).map(({ key }) => keyTopic(key));
  }
}

test("RET-6 a job's message finds room where those of earlier jobs have expired", () => {
  const shard = new Retaining({ retainedMessagesMax: 3 });
  for (let job = 0; job < 20; job++) {
    expect(shard.publish(`job/${job}:x exp=${shard.nowMs + 25}`)).toEqual([]);
    shard.nowMs += 10;
  }
  expect(shard.topics).toHaveLength(3);
});

test("RET-6 the same with bytes", () => {
  const shard = new Retaining({ retainedBytesMax: 2_500 });
  for (let job = 0; job < 20; job++) {
    expect(shard.publish(`job/${job}:1000*x exp=${shard.nowMs + 15}`)).toEqual([]);
    shard.nowMs += 10;
  }
});

test("RET-6 a batch gets as much room as it wants, and what it replaces is not taken away", () => {
  const shard = new Retaining({ retainedMessagesMax: 4 });
  shard.publish("a:1 exp=1500", "b:1 exp=1500", "c:1", "d:1 exp=3000");
  shard.nowMs = 2_000;
  expect(shard.publish("b:2", "e:1", "f:1")).toEqual(["f"]);
  expect(shard.topics).toEqual(["b", "c", "d", "e"]);
  shard.nowMs = 3_000;
  expect(shard.publish("f:1", "g:1")).toEqual(["g"]);
  expect(shard.topics).toEqual(["b", "c", "e", "f"]);
});

test("RET-7 where nothing has expired a round is read once, and the next when something has", () => {
  const shard = new Retaining({ retainedMessagesMax: 3 });
  shard.publish("a:1", "b:1 exp=5000", "c:1");
  for (let count = 0; count < 10; count++) expect(shard.publish(`new/${count}:x`)).toEqual([`new/${count}`]);
  expect(shard.looks).toEqual([3, 0]);
  // What is kept later may expire earlier.
  shard.publish("c:2 exp=2000");
  shard.nowMs = 1_999;
  expect(shard.publish("d:1")).toEqual(["d"]);
  expect(shard.looks).toHaveLength(2);
  shard.nowMs = 2_000;
  expect([shard.publish("d:1"), shard.publish("e:1")]).toEqual([[], ["e"]]);
  shard.nowMs = 5_000;
  expect(shard.publish("e:1")).toEqual([]);
});

test("RET-7 one batch reads no more than 4,096 rows, the next goes on behind them", () => {
  const kept = 10_000;
  const shard = new Retaining({ retainedMessagesMax: kept + 1 });
  fill(shard, kept, "a");
  shard.publish("z:1 exp=1500");
  shard.nowMs = 2_000;
  const refusals: number[] = [];
  for (let batch = 0; batch < 3; batch++) {
    const before = shard.looks.length;
    refusals.push(shard.publish(`new/${batch}:x`, `new/${batch}/1:x`).length);
    expect(shard.looks.slice(before).reduce((sum, rows) => sum + rows, 0)).toBeLessThanOrEqual(4_096);
  }
  expect(refusals).toEqual([2, 2, 1]);
});

test("RET-7 nor many more bytes than 4 MiB at a time", () => {
  const shard = new Retaining({ retainedMessagesMax: 10 });
  shard.publish(...Array.from({ length: 10 }, (_, index) => `a/${index}:1000000*x`));
  shard.publish("b:1");
  expect(shard.looks).toEqual([4, 4, 2, 0]);
});

test("RET-6 whatever is published, what has not expired stays, and what has makes room in the end", () => {
  const step = fc.record({
    topics: fc.array(fc.record({ topic: fc.nat(12), lifeMs: fc.constantFrom(0, 5, 20, 100) }), {
      minLength: 1,
      maxLength: 4,
    }),
    pauseMs: fc.constantFrom(0, 3, 30),
    wakes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (steps, retainedMessagesMax) => {
      const shard = new Retaining({ retainedMessagesMax });
      const alive = new Map<string, number>();
      for (const { topics, pauseMs, wakes } of steps) {
        shard.nowMs += pauseMs;
        if (wakes) shard.wake();
        for (const [topic, expiresAtMs] of alive)
          if (expiresAtMs > 0 && expiresAtMs <= shard.nowMs) alive.delete(topic);
        for (const { topic, lifeMs } of topics) {
          const name = `t${topic}`;
          const expiresAtMs = lifeMs === 0 ? 0 : shard.nowMs + lifeMs;
          const publish = () => shard.publish(lifeMs === 0 ? `${name}:x` : `${name}:x exp=${expiresAtMs}`).length === 0;
          // A search that began in the middle is at the end with the second.
          const isKept = publish() || publish();
          expect(isKept).toBe(alive.has(name) || alive.size < retainedMessagesMax || shard.topics.includes(name));
          if (isKept) alive.set(name, expiresAtMs);
        }
        for (const topic of alive.keys()) expect(shard.topics).toContain(topic);
      }
    }),
    { numRuns: 200 },
  );
});

/** So many that do not expire. */
function fill({ store }: Retaining, count: number, topic: string): void {
  const writer = new RecordWriter();
  for (let index = 0; index < count; index++) writer.append(message(`${topic}/${index}:x q1 retain`));
  const reader = new RecordReader(writer.take());
  const changes = Array.from({ length: count }, (_, index) => {
    reader.next();
    const key = topicKey(`${topic}/${index}`);
    return { kind: "put-retained", key, body: reader.bytes.slice(reader.start, reader.end) } as const;
  });
  store.apply(changes);
}
