// The outbox of a shard, against sessions that know calls by their keys, as sessions do: see support/subscriber.ts.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { OwedCall, OwedReads } from "../../../src/shard/changes.ts";
import { packedLength } from "../../../src/store/owed-parts.ts";
import type { ShardStore } from "../../../src/store/shard-store.ts";
import { counters } from "../../../worker/counters.ts";
import { growingBytesMax, owedBytesMax, owedCallsMax, shardOwedBytesMax } from "../../../worker/shard/debts.ts";
import { records, recordTexts } from "../../support/records.ts";
import { deliveryTo, OutboxRig, Subscriber } from "./support/subscriber.ts";

beforeEach(() => {
  vi.useFakeTimers();
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
});

const session = "c:1";

interface Message {
  readonly publisher?: string;
  readonly generation?: number;
  readonly isRefusable?: boolean;
  readonly target?: string;
}

/** Indexes that are refused. */
function send(rig: OutboxRig, text: string, message: Message = {}): Promise<number[]> {
  const { publisher = "=p", generation = 1, isRefusable = true, target = session } = message;
  return rig.fanOut.send(publisher, generation, [deliveryTo(target, records(text))], isRefusable);
}

/** One session that answers nothing until it is told to, and is owed what comes. */
async function silent(): Promise<{ readonly rig: OutboxRig; readonly subscriber: Subscriber }> {
  const subscriber = new Subscriber();
  const rig = new OutboxRig(() => subscriber);
  subscriber.nextMs = 900;
  const sent = send(rig, "late:m q1");
  await vi.advanceTimersByTimeAsync(1_000);
  await sent;
  return { rig, subscriber };
}

function owedCalls({ store }: OutboxRig, target = session): OwedCall[] {
  return store.owedKeys(target).map((key) => store.owedCall(key) as OwedCall);
}

function topicsOf(call: Pick<OwedCall, "parts"> | undefined): string[] {
  return (call?.parts ?? []).flatMap(({ body }) => recordTexts(body)).map((text) => text.replace(/:.*/, ""));
}

function numbers(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${first + index}`);
}

test("what thousands of publishers with long names are owed together is no row that the platform refuses", async () => {
  const subscriber = new Subscriber();
  const rig = new OutboxRig(() => subscriber);
  subscriber.nextMs = 900;
  const publishers = numbers(5_000).map((number) => `=c:${number.padEnd(510, "\u0001")}`);
  const sent = publishers.map((publisher) => send(rig, "a:m q1", { publisher }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await Promise.all(sent)).flat()).toEqual([]);
  expect(owedCalls(rig).flatMap(({ parts }) => parts)).toHaveLength(publishers.length);
});

describe("load", () => {
  interface Load {
    readonly eachMs: number;
    readonly everyMs: number;
    readonly lateMs: number;
    readonly seconds: number;
    readonly size?: number;
  }

  /** Calls that are owed every 0.8 seconds, under publishers who do not wait, with one answer that is late. */
  async function under({ eachMs, everyMs, lateMs, seconds, size = 1 }: Load, inherited = 0) {
    const subscriber = new Subscriber();
    subscriber.eachMs = eachMs;
    const rig = new OutboxRig(() => subscriber);
    for (let sequence = 1; sequence <= inherited; sequence++) {
      const part = { publisher: "=old", publisherGeneration: 1, generation: 1, body: records(`old${sequence}:m q1`) };
      rig.store.apply([{ kind: "put-owed", call: { target: session, incarnation: 0, sequence, parts: [part] } }]);
    }
    rig.restart();
    const counts: number[] = [];
    const refused: number[] = [];
    let sent = 0;
    let isRinging = false;
    for (let ms = 0; ms < seconds * 1_000; ms += everyMs) {
      if (ms === 400) subscriber.nextMs = lateMs;
      const publisher = `=p${sent % 50}`;
      void send(rig, `${sent++}:${size}*x q1`, { publisher }).then((indexes) => refused.push(...indexes));
      const rung: Promise<void> | undefined = isRinging ? undefined : rig.ring();
      isRinging ||= rung !== undefined;
      void rung?.then(() => {
        isRinging = false;
      });
      await vi.advanceTimersByTimeAsync(everyMs);
      if (ms % 800 === 800 - everyMs) counts.push(rig.owed().calls);
    }
    await vi.advanceTimersByTimeAsync(eachMs * 3);
    return { rig, subscriber, counts, sent, refused };
  }

  test("a session that was late once catches up, whatever is published meanwhile, and is owed nothing any more", async () => {
    const { rig, subscriber, counts, sent } = await under({ eachMs: 10, everyMs: 4, lateMs: 1_000, seconds: 8 });
    expect(counts).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(subscriber.taken).toEqual(numbers(sent));
    // Two for each message that was owed, before rows grew: some 200 were.
    expect(rig.rowsWritten).toBeLessThan(150);
    subscriber.eachMs = 0;
    await send(rig, "zero:m q0");
    expect(subscriber.taken.at(-1)).toBe("zero");
  });

  test.each([
    ["a long way off", { eachMs: 100, everyMs: 4, lateMs: 1_500, seconds: 8 }],
    ["silent for long", { eachMs: 10, everyMs: 4, lateMs: 9_000, seconds: 20 }],
    ["of large messages", { eachMs: 10, everyMs: 4, lateMs: 1_000, seconds: 4, size: 40_000 }],
  ])("it does so %s", async (_, load) => {
    const { rig, subscriber, sent, refused } = await under(load);
    expect([subscriber.taken, refused, rig.owed().calls]).toEqual([numbers(sent), [], 0]);
  });

  test("rows of one message each, from before rows grew, are worked off under load, in order", async () => {
    const load = { eachMs: 10, everyMs: 4, lateMs: 10, seconds: 16 };
    const { rig, subscriber, counts, sent } = await under(load, 1_000);
    const old = Array.from({ length: 1_000 }, (_, index) => `old${index + 1}`);
    expect(subscriber.taken).toEqual([...old, ...numbers(sent)]);
    expect([
      counts.every((calls, index) => calls === 0 || calls < (counts[index - 1] ?? 1_001)),
      rig.owed().calls,
    ]).toEqual([true, 0]);
  });

  test("who comes to wait behind what is owed waits no longer than for a session that does not answer", async () => {
    const { rig, subscriber } = await silent();
    subscriber.eachMs = 300;
    const part = { publisher: "=q", publisherGeneration: 1, generation: 1, body: records("more:m q1") };
    for (let sequence = 100; sequence < 120; sequence++) {
      rig.store.apply([{ kind: "put-owed", call: { target: session, incarnation: 0, sequence, parts: [part] } }]);
    }
    const worked = rig.fanOut.deliverOwed();
    await vi.advanceTimersByTimeAsync(1);
    const startedMs = Date.now();
    const waits = numbers(8).map(() => send(rig, "x:m q1").then(() => Date.now() - startedMs));
    await vi.advanceTimersByTimeAsync(10_000);
    const most = Math.max(...(await Promise.all(waits)));
    expect([most >= 800, most < 1_600]).toEqual([true, true]);
    await worked;
    expect([subscriber.taken.slice(-8), rig.owed().calls]).toEqual([Array(8).fill("x"), 0]);
  });
});

describe("a row", () => {
  test("takes up what comes behind it, which costs one written row each and one call in all", async () => {
    const { rig, subscriber } = await silent();
    const before = rig.rowsWritten;
    for (const topic of numbers(100)) await send(rig, `${topic}:m q1`);
    expect([rig.rowsWritten - before, owedCalls(rig).map((call) => topicsOf(call).length)]).toEqual([100, [1, 100]]);
    const calls = subscriber.calls.length;
    await rig.fanOut.deliverOwed();
    expect([rig.rowsWritten - before, subscriber.calls.length - calls]).toEqual([102, 2]);
    expect(subscriber.taken).toEqual(["late", ...numbers(100)]);
  });

  test("that has left stays as it is: it comes again under the same key with the same messages, also from the next life", async () => {
    const { rig, subscriber } = await silent();
    await send(rig, "1:m q1");
    await send(rig, "2:m q1");
    // The call that was late is recognised, the next one is taken and its answer lost.
    subscriber.nextMs = 1;
    subscriber.eachMs = 20_000;
    const worked = rig.fanOut.deliverOwed();
    await vi.advanceTimersByTimeAsync(30_000);
    await worked;
    await send(rig, "3:m q1");
    rig.restart();
    subscriber.eachMs = 0;
    await send(rig, "4:m q1");
    await vi.advanceTimersByTimeAsync(0);
    const [, , tried, again, behind] = subscriber.calls;
    expect([topicsOf(tried), topicsOf(again), topicsOf(behind)]).toEqual([["1", "2"], ["1", "2"], ["3"]]);
    expect(again?.key).toMatchObject({ incarnation: tried?.key.incarnation, sequence: tried?.key.sequence });
    expect([subscriber.taken, rig.owed().calls]).toEqual([["late", "1", "2", "3", "4"], 0]);
  });

  test("takes up nothing from another session of one of its publishers, and nothing beyond its size", async () => {
    const { rig } = await silent();
    const half = Math.ceil(growingBytesMax / 2);
    await send(rig, "1:m q1", { generation: 1 });
    await send(rig, "2:m q1", { generation: 2 });
    await send(rig, "3:m q1", { publisher: "=q", generation: 1 });
    await send(rig, `4:${half}*x q1`);
    for (const topic of ["5", "6", "7"]) await send(rig, `${topic}:${half}*x q1`, { generation: 2 });
    expect(owedCalls(rig).map(topicsOf)).toEqual([["late"], ["1"], ["2", "3"], ["4"], ["5"], ["6"], ["7"]]);
    for (const { parts } of owedCalls(rig)) expect(packedLength(parts)).toBeLessThanOrEqual(growingBytesMax);
  });

  test("of several lives reaches a session that knows a later one, all of them and in order", async () => {
    const { rig, subscriber } = await silent();
    for (const topic of numbers(3)) await send(rig, `${topic}:m q1`, { generation: Number(topic) });
    rig.restart();
    const key = { source: "shard-0", incarnation: 20, sequence: 1 };
    await subscriber.deliver({ key, shard: 0, parts: [] });
    const before = rig.rowsWritten;
    await send(rig, "3:m q1");
    await vi.advanceTimersByTimeAsync(0);
    expect([subscriber.taken, rig.owed().calls]).toEqual([["late", "late", ...numbers(4)], 0]);
    expect(rig.rowsWritten - before).toBe(8);
  });
});

describe("a session that is full", () => {
  function full() {
    const subscriber = new Subscriber();
    subscriber.room = 0;
    return { subscriber, rig: new OutboxRig(() => subscriber) };
  }

  test("and is owed a will refuses what can be refused, as one that is owed nothing does", async () => {
    const { rig } = full();
    const will = { publisher: "!w", isRefusable: false };
    const counted = counters.getFor("refusals", "queue-full");
    expect(await send(rig, "will:m q1", will)).toEqual([]);
    for (const topic of numbers(1_000)) expect(await send(rig, `${topic}:m q1`)).toEqual([0]);
    expect(counters.getFor("refusals", "queue-full") - counted).toBe(1_000);
    expect(await send(rig, "another:m q1", will)).toEqual([]);
    expect(owedCalls(rig).flatMap(topicsOf)).toEqual(["will", "another"]);
  });

  test("and was late does so once it has said that it is full", async () => {
    const { rig, subscriber } = await silent();
    subscriber.room = 0;
    expect(await send(rig, "1:m q1")).toEqual([]);
    await vi.advanceTimersByTimeAsync(500);
    await rig.ring();
    expect(await send(rig, "2:m q1")).toEqual([0]);
    expect(owedCalls(rig).flatMap(topicsOf)).toEqual(["1"]);
  });

  test("is asked again by those who would be refused, every half a second, and takes what it was owed first", async () => {
    const { rig, subscriber } = full();
    await send(rig, "will:m q1", { publisher: "!w", isRefusable: false });
    const calls = subscriber.calls.length;
    for (let ms = 0; ms < 1_000; ms += 50) {
      await vi.advanceTimersByTimeAsync(50);
      expect(await send(rig, "refused:m q1")).toEqual([0]);
    }
    expect(subscriber.calls.length - calls).toBe(2);
    subscriber.room = 10;
    await vi.advanceTimersByTimeAsync(500);
    expect(await send(rig, "taken:m q1")).toEqual([]);
    expect([subscriber.taken, rig.owed().calls]).toEqual([["will", "taken"], 0]);
  });

  test("is asked by the first publisher after the shard has lost its memory", async () => {
    const { rig, subscriber } = full();
    await send(rig, "will:m q1", { publisher: "!w", isRefusable: false });
    rig.restart();
    expect(await send(rig, "refused:m q1")).toEqual([0]);
    expect([subscriber.taken, rig.owed().calls]).toEqual([[], 1]);
  });

  test("publishers who ask are told how many it reached", async () => {
    const { rig } = full();
    await send(rig, "will:m q1", { publisher: "!w", isRefusable: false });
    const heard: unknown[] = [];
    const tally = { heard: (_: unknown, answer: unknown) => heard.push(answer) };
    const two = deliveryTo(session, records("1:m q1", "2:m q1"));
    expect(await rig.fanOut.send("=p", 1, [two], true, tally as never)).toEqual([0, 1]);
    expect(heard).toEqual([{ gone: false, refused: [0, 1] }]);
  });
});

test("a session that does not answer is not asked: its publishers do not wait, and QoS 0 is dropped", async () => {
  const { rig, subscriber } = await silent();
  const [calls, dropped] = [subscriber.calls.length, counters.getFor("drops", "qos0-late")];
  expect(await send(rig, "1:m q1")).toEqual([]);
  expect(await send(rig, "2:m q0")).toEqual([]);
  expect([subscriber.calls.length - calls, counters.getFor("drops", "qos0-late") - dropped]).toEqual([0, 1]);
  expect(owedCalls(rig).flatMap(topicsOf)).toEqual(["late", "1"]);
});

describe("limits: who can be told is refused, what cannot be refused is owed", () => {
  const over =
    (count: Partial<{ calls: number; bytes: number; target: string }>) =>
    (store: ShardStore): OwedReads => {
      const target = { target: session, calls: 1, bytes: 0, newestIncarnation: 0, ...count };
      const part = { publisher: "=p", publisherGeneration: 1, generation: 1, body: records("0:m q1") };
      const call = { target: target.target, incarnation: 0, sequence: 1, parts: [part] };
      store.apply([{ kind: "put-owed", call }]);
      return {
        owedTargets: () => [target],
        firstOwed: store.firstOwed.bind(store),
        owedCall: store.owedCall.bind(store),
        owedKeys: store.owedKeys.bind(store),
      };
    };

  test.each([
    ["calls to one session", { calls: owedCallsMax }, 1],
    ["bytes to one session", { bytes: owedBytesMax }, 1],
    ["bytes to all sessions", { bytes: shardOwedBytesMax, target: "c:other" }, 1],
    ["one call fewer to one session", { calls: owedCallsMax - 1 }, 0],
    ["one byte fewer to one session", { bytes: owedBytesMax - 1 }, 0],
    ["one byte fewer to all", { bytes: shardOwedBytesMax - 1, target: "c:other" }, 0],
  ])("%s", async (_, count, refusals) => {
    const hanging = new Subscriber();
    hanging.eachMs = 60_000;
    const rig = new OutboxRig(() => hanging, over(count));
    const counted = counters.getFor("refusals", "outbox-full");
    const sent = send(rig, "1:m q1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await sent).length).toBe(refusals);
    expect(counters.getFor("refusals", "outbox-full") - counted).toBe(refusals);
    const before = rig.owed().bytes;
    const will = send(rig, "will:m q1", { publisher: "!w", isRefusable: false });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await will, rig.owed().bytes > before]).toEqual([[], true]);
  });

  test("what was taken makes room", async () => {
    const { rig, subscriber } = await silent();
    const large = { publisher: "=q", publisherGeneration: 1, generation: 1, body: records("0:1000000*x q1") };
    const sent = [];
    for (const topic of numbers(70)) sent.push(send(rig, `${topic}:${large.body.length}*x q1`));
    const refused = (await Promise.all(sent)).filter(({ length }) => length > 0).length;
    expect([refused, rig.owed().bytes >= owedBytesMax, rig.owed().bytes < owedBytesMax + 1_100_000]).toEqual([
      2,
      true,
      true,
    ]);
    await rig.fanOut.deliverOwed();
    expect([await send(rig, "again:m q1"), rig.owed().calls, subscriber.taken.at(-1)]).toEqual([[], 0, "again"]);
  });
});

describe("an alarm", () => {
  test("ends in time, however many sessions hang, and the next one goes on with the others", async () => {
    const called: string[] = [];
    const hang = (target: string) => ({
      deliver: () => {
        called.push(target);
        return new Promise<never>(() => {});
      },
    });
    const rig = new OutboxRig(hang);
    const part = { publisher: "=p", publisherGeneration: 1, generation: 1, body: records("1:m q1") };
    const targets = numbers(200).map((number) => `c:${number}`);
    for (const [index, target] of targets.entries()) {
      rig.store.apply([{ kind: "put-owed", call: { target, incarnation: 0, sequence: index, parts: [part] } }]);
    }
    rig.restart();
    for (let rings = 0; rings < 6; rings++) {
      await vi.advanceTimersByTimeAsync(500);
      let hasEnded = false;
      void rig.ring()?.then(() => {
        hasEnded = true;
      });
      await vi.advanceTimersByTimeAsync(70_000);
      expect(hasEnded).toBe(true);
    }
    expect(new Set(called)).toEqual(new Set(targets));
    expect(called.length).toBeLessThan(300);
  });

  test("comes as soon for a session that is late as if none had hung for long", async () => {
    const subscriber = new Subscriber();
    const hanging = { deliver: () => new Promise<never>(() => {}) };
    const rig = new OutboxRig((target) => (target === session ? subscriber : hanging));
    const sent = send(rig, "1:m q1", { target: "c:hangs" });
    for (let seconds = 0; seconds < 300; seconds++) {
      void rig.ring();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await sent;
    expect(rig.alarmAtMs - Date.now()).toBeGreaterThan(10_000);
    subscriber.nextMs = 900;
    const late = send(rig, "2:m q1");
    await vi.advanceTimersByTimeAsync(801);
    await late;
    expect(rig.alarmAtMs - Date.now()).toBeLessThanOrEqual(500);
  });
});
