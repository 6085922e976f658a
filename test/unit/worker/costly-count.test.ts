import { expect, test } from "vitest";
import { CostlyCount } from "../../../worker/shard/costly-count.ts";

test.each([
  [10, 60_001],
  [1_000_000, 61],
])("of %i rows, asked every millisecond, or second, for long: %i counts", (rows, expected) => {
  let counts = 0;
  const count = new CostlyCount(() => {
    counts++;
    return rows;
  });
  const stepMs = rows === 10 ? 1 : 1_000;
  const startMs = 1_700_000_000_000;
  for (let step = 0; step <= (rows === 10 ? 600_000 : 60_000); step++)
    expect(count.at(startMs + step * stepMs)).toBe(rows);
  expect(counts).toBe(expected);
});

test("what has changed is seen when it is counted again", () => {
  let rows = 5;
  const count = new CostlyCount(() => rows);
  expect(count.at(1_000)).toBe(5);
  rows = 7;
  expect([count.at(1_004), count.at(1_005)]).toEqual([5, 7]);
});
