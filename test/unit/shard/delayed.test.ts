// What a shard keeps for later: which records of a batch, until when, how much, and in which pages they leave.

import { describe, expect, test } from "vitest";
import { DelayedMessages, type DelayedPage } from "../../../src/shard/delayed.ts";
import { type DelayedLimits, defaultDelayedLimits } from "../../../src/shard/delayed-quota.ts";
import type { ShardStore } from "../../../src/store/shard-store.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { records, recordTexts } from "../../support/records.ts";

const startMs = 1_700_000_000_000;

interface Options {
  readonly publisher?: string;
  readonly routedUpTo?: number;
  readonly repeated?: boolean;
  readonly refusedBefore?: readonly number[];
  readonly nowMs?: number;
}

/** A shard's delayed messages, whose changes are carried out at once. */
class Shelf {
  readonly store: ShardStore;
  delayed: DelayedMessages;
  readonly #limits: DelayedLimits;

  constructor(limits: Partial<DelayedLimits> = {}) {
    this.store = memoryShard();
    this.#limits = { ...defaultDelayedLimits, ...limits };
    this.delayed = new DelayedMessages(this.store.delayed, this.#limits);
  }

  take(batch: readonly string[], options: Options = {}) {
    const { publisher = "p", routedUpTo = 0, repeated = false, refusedBefore = [], nowMs = startMs } = options;
    const whole = { publisher, body: records(...batch), routedUpTo: () => routedUpTo, repeated };
    const full = this.delayed.withoutRoom(whole);
    const refused = new Set([...refusedBefore, ...full.indexes]);
    const taken = this.delayed.take(whole, refused, nowMs);
    this.store.apply(taken.changes);
    return { ...taken, full, refused: [...refused].sort((one, other) => one - other) };
  }

  /** The memory is lost. */
  wake(): void {
    this.delayed = new DelayedMessages(this.store.delayed, this.#limits);
  }

  begin(nowMs: number): DelayedPage | undefined {
    const page = this.delayed.nextPage(nowMs);
    if (page?.begin !== undefined) this.store.apply([page.begin]);
    return page;
  }

  finish(page: DelayedPage): void {
    this.store.apply([page.end]);
    this.delayed.left(page);
  }

  /** Everything that is due, page by page. */
  release(nowMs: number): string[][] {
    const pages: string[][] = [];
    for (let page = this.begin(nowMs); page !== undefined; page = this.begin(nowMs)) {
      pages.push(textsOf(page));
      this.finish(page);
    }
    return pages;
  }

  /** "+10 p: a:1 q1" for each row. */
  get kept(): string[] {
    const all = { dueAtMs: Number.MAX_SAFE_INTEGER, id: 0 };
    return this.store.delayed
      .rows(all, 1_000, 1e9)
      .map(({ dueAtMs, publisher, body }) => `+${(dueAtMs - startMs) / 1000} ${publisher}: ${recordTexts(body)}`);
  }
}

function textsOf(page: DelayedPage): string[] {
  return page.rows.map(({ publisher, body }) => `${publisher}: ${recordTexts(body)}`);
}

const keeping: readonly (readonly [
  title: string,
  batch: readonly string[],
  options: Options,
  kept: readonly string[],
  refused: readonly number[],
])[] = [
  [
    "what is due together is one row, in order; what asks for no delay is left alone",
    ["$delayed/10/a:1 q1", "a:2 q1", "$delayed/5/b/c:3 q0 retain", "$delayed/10/b:4 q2 seq=7", "$x/10/b:5 q1"],
    {},
    ["+5 p: b/c:3 q0 retain", "+10 p: a:1 q1,b:4 q2"],
    [],
  ],
  [
    "the expiry interval counts from the release",
    ["$delayed/10/a:1 q1 exp=1700000003000"],
    {},
    ["+10 p: a:1 q1 exp=1700000013000"],
    [],
  ],
  [
    "numbered messages that were taken over before are left out, of any QoS",
    ["$delayed/1/a:1 q2 seq=4", "$delayed/1/a:2 q0 seq=5", "$delayed/1/a:3 q2 seq=6"],
    { routedUpTo: 5 },
    ["+1 p: a:3 q2"],
    [],
  ],
  [
    "a batch that comes again: without QoS 0",
    ["$delayed/1/a:1 q0", "$delayed/1/a:2 q1"],
    { repeated: true },
    ["+1 p: a:2 q1"],
    [],
  ],
  [
    "behind a refused message the numbered are refused too, those before it and the others are not",
    ["$delayed/1/a:1 q2 seq=1", "b:2 q2 seq=2", "$delayed/1/a:3 q1", "$delayed/1/a:4 q2 seq=3"],
    { refusedBefore: [1] },
    ["+1 p: a:1 q2,a:3 q1"],
    [1, 3],
  ],
];

test.each(keeping)("%s", (_, batch, options, kept, refused) => {
  const shelf = new Shelf();
  const taken = shelf.take(batch, options);
  expect(shelf.kept).toEqual(kept);
  expect(taken.refused).toEqual(refused);
  expect(taken.full.indexes).toEqual([]);
});

test("what is due within a tenth of a second leaves together, at its end", () => {
  const shelf = new Shelf();
  for (const afterMs of [1, 50, 100, 101]) shelf.take([`$delayed/1/a:${afterMs} q1`], { nowMs: startMs + afterMs });
  expect(shelf.kept).toEqual(["+1.1 p: a:1 q1", "+1.1 p: a:50 q1", "+1.1 p: a:100 q1", "+1.2 p: a:101 q1"]);
});

test("it says how many it took, and when the first is due", () => {
  const shelf = new Shelf();
  expect(shelf.take(["a:1 q1"])).toMatchObject({ count: 0, nextAtMs: undefined });
  const batch = ["$delayed/30/a:1 q1", "$delayed/20/a:2 q1", "$delayed/30/a:3 q1"];
  expect(shelf.take(batch)).toMatchObject({ count: 3, nextAtMs: startMs + 20_000 });
});

describe("limits", () => {
  test("beyond the number of messages they are refused", () => {
    const shelf = new Shelf({ delayedMessagesMax: 2 });
    const batch = ["$delayed/1/a:1 q0", "$delayed/1/a:2 q2 seq=1", "$delayed/9/b:3 q1", "$delayed/1/a:4 q2 seq=2"];
    const taken = shelf.take(batch);
    expect(taken).toMatchObject({ count: 2, refused: [2, 3], full: { indexes: [2, 3], topic: "b" } });
    expect(shelf.kept).toEqual(["+1 p: a:1 q0,a:2 q2"]);
  });

  test("beyond the bytes too: as they are kept, without the delay in their topics", () => {
    const bytes = records("a:1 q1").length;
    const shelf = new Shelf({ delayedBytesMax: 2 * bytes });
    expect(shelf.take(["$delayed/1/a:1 q1", "$delayed/1/a:2 q1", "$delayed/1/a:3 q1"]).refused).toEqual([2]);
  });

  test("a numbered message behind one without room is refused with it, though it would fit", () => {
    const shelf = new Shelf({ delayedBytesMax: 100 });
    const taken = shelf.take(["$delayed/1/a:1000*x q1", "$delayed/1/a:2 q2 seq=1", "$delayed/1/a:3 q1"]);
    expect(taken).toMatchObject({ count: 1, refused: [0, 1], full: { indexes: [0], topic: "a" } });
    expect(shelf.kept).toEqual(["+1 p: a:3 q1"]);
  });

  test("what was kept of batches before counts", () => {
    const bytes = records("a:1 q1").length;
    for (const limits of [{ delayedMessagesMax: 2 }, { delayedBytesMax: 2 * bytes }]) {
      const shelf = new Shelf(limits);
      const refused = [1, 2, 3].map((payload) => shelf.take([`$delayed/1/a:${payload} q1`]).refused);
      expect(refused).toEqual([[], [], [0]]);
    }
  });

  test("what leaves when the object has just woken makes as much room as it took", () => {
    const shelf = new Shelf({ delayedMessagesMax: 2 });
    shelf.take(["$delayed/1/a:1 q1", "$delayed/5/a:2 q1"]);
    shelf.wake();
    shelf.release(startMs + 1_000);
    const later = { nowMs: startMs + 1_000 };
    expect(shelf.take(["$delayed/1/a:3 q1", "$delayed/1/a:4 q1"], later).refused).toEqual([1]);
  });

  test("0 keeps nothing", () => {
    expect(new Shelf({ delayedMessagesMax: 0 }).take(["$delayed/1/a:1 q1"]).refused).toEqual([0]);
  });

  test("what has left makes room, what waited when the object woke takes it", () => {
    const shelf = new Shelf({ delayedMessagesMax: 2, delayedBytesMax: 1_000 });
    shelf.take(["$delayed/1/a:1 q2 seq=1", "$delayed/5/a:2 q2 seq=2"]);
    shelf.wake();
    expect(shelf.take(["$delayed/1/a:3 q1"]).refused).toEqual([0]);
    shelf.release(startMs + 1_000);
    const [bytes] = [shelf.store.delayed.totals().bytes];
    expect(shelf.take(["$delayed/1/a:3 q1"], { nowMs: startMs + 1_000 }).refused).toEqual([]);
    shelf.release(startMs + 2_000);
    expect(shelf.store.delayed.totals()).toEqual({ messages: 1, bytes });
    // As much as when the object was new.
    expect(shelf.take([`$delayed/1/a:${1_000 - bytes - records("a:").length}*x q1`]).refused).toEqual([]);
  });
});

describe("release", () => {
  test("nothing leaves before its time, then all in its order", () => {
    const shelf = new Shelf();
    shelf.take(["$delayed/2/a:late q1", "$delayed/1/a:1 q1"]);
    shelf.take(["$delayed/1/a:2 q1"], { publisher: "q" });
    shelf.take(["$delayed/1/b:3 q1"], { publisher: "p" });
    expect(shelf.delayed.nextAtMs()).toBe(startMs + 1_000);
    expect(shelf.release(startMs + 999)).toEqual([]);
    expect(shelf.release(startMs + 1_000)).toEqual([["p: a:1 q1", "q: a:2 q1", "p: b:3 q1"]]);
    expect(shelf.delayed.nextAtMs()).toBe(startMs + 2_000);
    expect(shelf.release(startMs + 9_000)).toEqual([["p: a:late q1"]]);
    expect(shelf.delayed.nextAtMs()).toBeUndefined();
  });

  test("numbers rise from page to page and life to life, and QoS 2 alone carries them", () => {
    const shelf = new Shelf();
    shelf.take([
      "$delayed/1/a:1 q2 seq=9",
      "$delayed/1/a:2 q1",
      "$delayed/1/a:3 q2 seq=10",
      "$delayed/2/a:4 q2 seq=11",
    ]);
    expect(shelf.release(startMs + 1_000)).toEqual([["p: a:1 q2 seq=1,a:2 q1,a:3 q2 seq=3"]]);
    shelf.wake();
    expect(shelf.release(startMs + 2_000)).toEqual([["p: a:4 q2 seq=4"]]);
    shelf.wake();
    shelf.take(["$delayed/1/a:5 q2 seq=12"], { nowMs: startMs + 3_000 });
    expect(shelf.release(startMs + 4_000)).toEqual([["p: a:5 q2 seq=5"]]);
  });

  test("a page that was cut short leaves again, under its numbers, and says so", () => {
    const shelf = new Shelf();
    shelf.take(["$delayed/1/a:1 q2 seq=1"]);
    shelf.take(["$delayed/1/a:2 q2 seq=2"], { publisher: "q" });
    const page = shelf.begin(startMs + 1_000) as DelayedPage;
    // Two that come between the crash and the repetition, from a clock that went back.
    shelf.wake();
    const batch = ["$delayed/1/a:3 q2 seq=3", "$delayed/0/a:4 q2 seq=4"];
    shelf.take(batch, { publisher: "r", nowMs: startMs - 60_000 });
    shelf.wake();
    const again = shelf.begin(startMs + 5_000) as DelayedPage;
    expect(again.begin).toBeUndefined();
    expect(textsOf(again)).toEqual(["p: a:1 q2 seq=1", "q: a:2 q2 seq=2"]);
    expect(textsOf(again)).toEqual(textsOf(page));
    shelf.finish(again);
    expect(shelf.release(startMs + 5_000)).toEqual([["r: a:3 q2 seq=3,a:4 q2 seq=4"]]);
  });

  test("pages are bounded in rows and in bytes", () => {
    const shelf = new Shelf();
    for (let count = 0; count < 1_001; count++) shelf.take([`$delayed/1/a:${count} q1`]);
    expect(shelf.release(startMs + 1_000).map((page) => page.length)).toEqual([1_000, 1]);
    for (let count = 0; count < 5; count++) shelf.take(["$delayed/1/a:400000*x q1"], { nowMs: startMs + 1_000 });
    expect(shelf.release(startMs + 2_000).map((page) => page.length)).toEqual([2, 2, 1]);
  });
});

test("what a client sent twice, before the first left, is taken once at QoS 2", () => {
  const shelf = new Shelf();
  const exact = ["$delayed/1/a:1 q2 seq=1", "$delayed/1/a:2 q2 seq=2"];
  const { count, refused } = shelf.take([...exact, "$delayed/1/a:3 q1", ...exact, "$delayed/1/a:3 q1"]);
  expect([count, refused]).toEqual([4, []]);
});
