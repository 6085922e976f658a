// Numbers that say when their request was first made: what a session takes for a repetition, and what the shard does.

import { describe, expect, test } from "vitest";
import { firstNumber, isForgotten, isTaken, numbersLeft, requestKeptMs } from "../../../src/hop/request-numbers.ts";

const madeMs = Date.UTC(2026, 10, 30, 12, 0, 30);
const minuteMs = 60_000;
const first = firstNumber(madeMs);

describe("a request's numbers", () => {
  test("fit into a record until 2097, and are above those of clients", () => {
    expect(firstNumber(Date.UTC(2097, 0, 1)) + 4_000_000).toBeLessThan(2 ** 48);
    expect(first).toBeGreaterThan(1e14);
    expect(numbersLeft(first)).toBe(2 ** 22 - 1);
    expect(numbersLeft(first + 10)).toBe(2 ** 22 - 11);
  });

  test("are forgotten after a day, and not before; those of earlier versions are not", () => {
    expect(isForgotten(first, madeMs)).toBe(false);
    expect(isForgotten(first + 5, madeMs + requestKeptMs - minuteMs)).toBe(false);
    expect(isForgotten(first + 5, madeMs + requestKeptMs)).toBe(true);
    expect(isForgotten(first, madeMs - 10 * requestKeptMs)).toBe(false);
    expect(isForgotten(3, madeMs)).toBe(false);
  });

  test.each([
    ["the same", first, first, true],
    ["one behind", first + 1, first, false],
    ["one before", first, first + 1, true],
    ["the same, numbered anew an hour later: nobody had written it down", firstNumber(madeMs + 3_600_000), first, true],
    ["the second of it, numbered anew, where one was taken", firstNumber(madeMs + minuteMs) + 1, first, false],
    ["the same request a day later", firstNumber(madeMs + requestKeptMs), first + 7, false],
    ["nothing was taken yet", first, 0, false],
    ["an earlier version took one", first, 7, false],
    ["of a client, taken", 7, 7, true],
    ["of a client, not taken", 8, 7, false],
    ["of a client, not taken, when it has counted beyond a request's indexes", 2 ** 22 + 5, 2 ** 22 - 1, false],
    ["of a client, taken, when it has counted beyond them", 2 ** 22 - 1, 2 ** 22 + 5, true],
  ])("%s", (_what, number, cursor, taken) => {
    expect(isTaken(number, cursor)).toBe(taken);
  });

  test("the shard forgets a request exactly when sessions take it for another one", () => {
    for (let minutes = 0; minutes < 3 * 1440; minutes++) {
      const nowMs = madeMs + minutes * minuteMs;
      expect(isTaken(firstNumber(nowMs), first)).toBe(!isForgotten(first, nowMs));
    }
  });
});
