// What the soak goes by: what an audience has of a stream, and whether a figure stays flat.

import { describe, expect, test } from "vitest";
import { flatnessOf, tolerance } from "../../../bench/soak/flatness.ts";
import { Reception } from "../../../bench/soak/reception.ts";

const all = (): boolean => true;

function received(first: number | undefined, ...sequences: readonly number[]): Reception {
  const reception = new Reception(first);
  for (const sequence of sequences) reception.take(sequence);
  return reception;
}

describe("a reception", () => {
  test.each([
    { name: "everything", came: [0, 1, 2, 3], missing: 0, repeated: 0, outOfOrder: 0 },
    { name: "a hole", came: [0, 1, 3], missing: 1, repeated: 0, outOfOrder: 0 },
    { name: "no end", came: [0, 1], missing: 2, repeated: 0, outOfOrder: 0 },
    { name: "no beginning", came: [2, 3], missing: 2, repeated: 0, outOfOrder: 0 },
    { name: "nothing", came: [], missing: 4, repeated: 0, outOfOrder: 0 },
    { name: "one twice", came: [0, 1, 1, 2, 3], missing: 0, repeated: 1, outOfOrder: 0 },
    { name: "one late", came: [0, 2, 1, 3], missing: 0, repeated: 0, outOfOrder: 1 },
    { name: "one late and twice", came: [0, 2, 1, 1, 3], missing: 0, repeated: 1, outOfOrder: 1 },
  ])("$name", ({ came, missing, repeated, outOfOrder }) => {
    const reception = received(0, ...came);
    expect(reception.missing(4, all)).toBe(missing);
    expect(reception).toMatchObject({ repeated, outOfOrder });
  });

  test("what is not owed is not missing", () => {
    expect(received(0, 0, 3).missing(4, (sequence) => sequence !== 1)).toBe(1);
  });

  test("a guest's begins with the first that comes, and only holes count", () => {
    expect(received(undefined, 5, 6, 8).gaps(all)).toBe(1);
    expect(received(undefined, 5, 6, 7).gaps(all)).toBe(0);
    expect(received(undefined).gaps(all)).toBe(0);
  });
});

describe("flatness", () => {
  const gibibyte = 2 ** 30;

  test("compares the last quarter with the second; the first is warming up", () => {
    expect(flatnessOf([0, 0, 5, 6, 1, 1, 7, 8])).toEqual({ secondQuarter: 5.5, lastQuarter: 7.5, isFlat: true });
  });

  test.each([
    { more: 0, isFlat: true },
    { more: gibibyte * tolerance.share + tolerance.bytes, isFlat: true },
    { more: gibibyte * tolerance.share + tolerance.bytes + 1_024, isFlat: false },
  ])("$more bytes more than a gibibyte: $isFlat", ({ more, isFlat }) => {
    expect(flatnessOf([0, gibibyte, gibibyte, gibibyte + more]).isFlat).toBe(isFlat);
  });
});
