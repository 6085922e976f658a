// Leases by themselves: their numbers, what is visible when, and the row that they are written to.

import { expect, test } from "vitest";
import { Leases } from "../../../src/queue/leases.ts";

const nowMs = 1_900_000_000_000;

test("a number is above all before: the time, or one more where the clock has not moved or went back", () => {
  const leases = new Leases();
  expect(leases.take([1], nowMs + 10, nowMs)).toBe(nowMs);
  expect(leases.take([2], nowMs + 10, nowMs)).toBe(nowMs + 1);
  expect(leases.take([3], nowMs + 10, nowMs - 60_000)).toBe(nowMs + 2);
  expect(new Leases(leases.snapshot()).take([4], nowMs + 10, nowMs - 60_000)).toBe(nowMs + 3);
});

test("each time that a message is handed out counts", () => {
  const leases = new Leases();
  const deliveries = [1, 2, 3].map(() => {
    leases.take([7], nowMs, nowMs);
    return leases.of(7)?.deliveries;
  });
  expect(deliveries).toEqual([1, 2, 3]);
});

test("what is visible again comes oldest first, whoever had it when", () => {
  const leases = new Leases();
  leases.take([10], nowMs + 5, nowMs);
  leases.take([9], nowMs + 5, nowMs);
  leases.take([2], nowMs + 6, nowMs);
  expect(leases.visible(nowMs + 4)).toEqual([]);
  expect(leases.visible(nowMs + 5)).toEqual([9, 10]);
  expect(leases.visible(nowMs + 6)).toEqual([2, 9, 10]);
});

test("the next to become visible is the first of those that are hidden", () => {
  const leases = new Leases();
  expect(leases.nextVisibleAtMs(nowMs)).toBeUndefined();
  leases.take([1], nowMs + 20, nowMs);
  leases.take([2], nowMs + 10, nowMs);
  leases.take([3], nowMs + 30, nowMs);
  const next = [0, 9, 10, 20, 30].map((ms) => leases.nextVisibleAtMs(nowMs + ms));
  expect(next).toEqual([nowMs + 10, nowMs + 10, nowMs + 20, nowMs + 30, undefined]);
});

test("what is given back or postponed is nobody's, or its holder's, and visible at that time", () => {
  const leases = new Leases();
  const lease = leases.take([1, 2], nowMs + 10, nowMs);
  leases.giveBack(1, nowMs + 20);
  leases.postpone(2, nowMs + 30);
  for (const unknown of [3, 4]) leases.giveBack(unknown, nowMs);
  expect([1, 2, 3].map((position) => leases.of(position))).toEqual([
    { lease: 0, untilMs: nowMs + 20, deliveries: 1 },
    { lease, untilMs: nowMs + 30, deliveries: 1 },
    undefined,
  ]);
});

test("written down, messages in a row that are alike are one run, and nothing else is", () => {
  const leases = new Leases();
  expect(leases.snapshot()).toEqual({ lastLease: 0, runs: [] });
  const first = leases.take([8, 9, 11], nowMs + 10, nowMs);
  const second = leases.take([4, 5, 6, 7], nowMs + 10, nowMs);
  leases.postpone(5, nowMs + 20);
  leases.giveBack(11, nowMs + 10);
  const again = leases.take([7], nowMs + 10, nowMs);
  const snapshot = leases.snapshot();
  expect(snapshot).toEqual({
    lastLease: again,
    runs: [
      [second, nowMs + 10, 1, 4, 1],
      [second, nowMs + 20, 1, 5, 1],
      [second, nowMs + 10, 1, 6, 1],
      [again, nowMs + 10, 2, 7, 1],
      [first, nowMs + 10, 1, 8, 2],
      [0, nowMs + 10, 1, 11, 1],
    ],
  });
  expect(new Leases(snapshot).snapshot()).toEqual(snapshot);
});

test("the end lies behind the last that is out, and is nowhere once none is", () => {
  const leases = new Leases();
  expect([leases.size, leases.end]).toEqual([0, 0]);
  leases.take([5], nowMs, nowMs);
  leases.take([3], nowMs, nowMs);
  expect([leases.size, leases.end]).toEqual([2, 6]);
  leases.forget(3);
  expect([leases.size, leases.end]).toEqual([1, 6]);
  leases.forget(5);
  expect([leases.size, leases.end]).toEqual([0, 0]);
});
