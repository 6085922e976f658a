// The sending end of a hop: one call in flight, numbers that rise, and what packs into one call.

import { describe, expect, test } from "vitest";
import { isStale, Numbering } from "../../../src/hop/key.ts";
import { Lane, packByBytes } from "../../../src/hop/lane.ts";

const all = (waiting: readonly string[]) => waiting.length;

test("one call is in flight; what comes meanwhile leaves together", () => {
  const lane = new Lane<string>(new Numbering("s", 7), all);
  expect([lane.idle, lane.start()]).toEqual([true, undefined]);
  lane.push("a");
  expect(lane.start()).toEqual({ key: { source: "s", incarnation: 7, sequence: 1 }, items: ["a"] });
  lane.push("b");
  lane.push("c");
  expect([lane.idle, lane.start()]).toEqual([false, undefined]);
  lane.finish();
  expect(lane.idle).toBe(false);
  expect(lane.start()).toEqual({ key: { source: "s", incarnation: 7, sequence: 2 }, items: ["b", "c"] });
  lane.finish();
  expect(lane.idle).toBe(true);
});

test("lanes of one sender share their numbers: towards each receiver they rise", () => {
  const numbering = new Numbering("s", 7);
  const lanes = [new Lane<string>(numbering, all), new Lane<string>(numbering, all)];
  const sequences = [0, 1, 0].map((index) => {
    const lane = lanes[index] as Lane<string>;
    lane.push("x");
    const sequence = lane.start()?.key.sequence;
    lane.finish();
    return sequence;
  });
  expect(sequences).toEqual([1, 2, 3]);
});

test("a receiver that knows a later incarnation gets the same items under a key above it", () => {
  const lane = new Lane<string>(new Numbering("s", 7), all);
  lane.push("a");
  lane.start();
  lane.push("b");
  expect(lane.renew(20)).toEqual({ key: { source: "s", incarnation: 28, sequence: 2 }, items: ["a"] });
  expect(lane.flight?.key.incarnation).toBe(28);
  expect(lane.renew(3).key).toEqual({ source: "s", incarnation: 28, sequence: 3 });
});

test("draining takes what waits, not what is in flight", () => {
  const lane = new Lane<string>(new Numbering("s", 7), all);
  for (const item of ["a", "b"]) lane.push(item);
  lane.start();
  lane.push("c");
  expect([lane.drain(), lane.flight?.items, lane.drain()]).toEqual([["c"], ["a", "b"], []]);
  lane.finish();
  expect(lane.idle).toBe(true);
});

test("finishing or renewing what is not in flight is our mistake", () => {
  const lane = new Lane<string>(new Numbering("s", 7), all);
  expect(() => lane.finish()).toThrow();
  expect(() => lane.renew(1)).toThrow();
});

describe("packing by bytes", () => {
  test.each([
    [[], 0],
    [[5], 1],
    [[50], 1],
    [[5, 5], 2],
    [[5, 6], 1],
    [[50, 1], 1],
    [[1, 2, 3, 4, 5], 4],
  ])("%j within 10: %i", (sizes, count) => {
    expect(packByBytes<number>((size) => size, 10)(sizes)).toBe(count);
  });
});

test("an answer that says stale is told from another", () => {
  expect([isStale({ stale: 5 }), isStale({ refused: [] })]).toEqual([true, false]);
});

test("behind a call that may run yet the next one ends it, also under another key, and those after that are plain", () => {
  const lane = new Lane<string>(new Numbering("s", 7), all);
  for (const item of ["a", "b", "c"]) {
    lane.push(item);
    expect(lane.start()?.key.endsEarlier).toBe(item === "b" ? true : undefined);
    if (item === "a") lane.doubt();
    if (item === "b") expect(lane.renew(20).key).toMatchObject({ incarnation: 28, endsEarlier: true });
    expect(lane.isInDoubt).toBe(item === "a");
    lane.finish();
  }
  const heir = new Lane<string>(new Numbering("s", 7), all, true);
  heir.push("a");
  expect(heir.start()?.key.endsEarlier).toBe(true);
});
