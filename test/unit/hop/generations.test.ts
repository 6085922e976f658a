// Numbers of sessions: never one twice, whatever the clock says.

import { expect, test } from "vitest";
import { nextGeneration } from "../../../src/hop/generations.ts";

const nowMs = 1_900_000_000_000;
const life = 1_024_000_017;

test("a later session of one life of the object has a higher generation, also in the same millisecond and behind it", () => {
  const first = nextGeneration(nowMs, life, 0);
  expect(nextGeneration(nowMs, life, first)).toBe(first + 1);
  expect(nextGeneration(nowMs - 3_000, life, first)).toBe(first + 1);
  expect(nextGeneration(nowMs + 1, life, first)).toBeGreaterThan(first + 1);
});

test("a life that knows of none before, with a clock that has gone back to the same millisecond, takes another", () => {
  expect(nextGeneration(nowMs, life + 1, 0)).not.toBe(nextGeneration(nowMs, life, 0));
});

test("above those that an earlier version gave, and exact as a number for two centuries", () => {
  expect(nextGeneration(nowMs, life, nowMs + 60_000)).toBeGreaterThan(nowMs + 60_000);
  expect(Number.isSafeInteger(nextGeneration(Date.UTC(2226, 0), life, 0))).toBe(true);
});
