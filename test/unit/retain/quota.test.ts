// The limits of what a shard retains.

import { expect, test } from "vitest";
import { RetainedQuota } from "../../../src/retain/quota.ts";

function quotaOver(stored: ReadonlyMap<string, number>, retainedMessagesMax: number, retainedBytesMax: number) {
  const sizes = {
    retainedTotals: () => ({ messages: stored.size, bytes: [...stored.values()].reduce((sum, size) => sum + size, 0) }),
    retainedBytes: (key: string) => stored.get(key) ?? 0,
    retainedHeads: () => [],
  };
  return new RetainedQuota(sizes, { retainedMessagesMax, retainedBytesMax }, () => 0);
}

test.each([
  ["a new topic within both limits", new Map([["a", 10]]), "b", 10, true],
  [
    "a new topic beyond the count",
    new Map([
      ["a", 1],
      ["b", 1],
    ]),
    "c",
    1,
    false,
  ],
  [
    "a known topic at the full count",
    new Map([
      ["a", 1],
      ["b", 1],
    ]),
    "b",
    1,
    true,
  ],
  [
    "a known topic beyond the bytes",
    new Map([
      ["a", 50],
      ["b", 50],
    ]),
    "b",
    51,
    false,
  ],
  [
    "a known topic that shrinks",
    new Map([
      ["a", 90],
      ["b", 50],
    ]),
    "b",
    20,
    true,
  ],
  [
    "clearing, however full",
    new Map([
      ["a", 90],
      ["b", 50],
    ]),
    "a",
    0,
    true,
  ],
] as const)("%s", (_title, stored, key, bytes, expected) => {
  expect(quotaOver(stored, 2, 100).take(key, bytes)).toBe(expected);
});

test("what was taken counts, what was refused does not", () => {
  const quota = quotaOver(new Map(), 2, 100);
  expect([quota.take("a", 60), quota.take("b", 60), quota.take("c", 40), quota.take("d", 0)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});
