import { expect, test } from "vitest";
import { shardOf, shardsOf } from "../../../src/topic/shards.ts";

const all = [0, 1, 2, 3];

test.each([
  ["a/b/c", 2, [shardOf("a/b", 2, 4)]],
  ["a/b/#", 2, [shardOf("a/b", 2, 4)]],
  ["a/b/+/d", 2, [shardOf("a/b/x", 2, 4)]],
  ["a", 2, [shardOf("a", 2, 4)]],
  ["a/#", 2, all],
  ["a/+", 2, all],
  ["+/b", 2, all],
  ["#", 2, all],
  ["a/#", 1, [shardOf("a", 1, 4)]],
  ["a/+/c", 1, [shardOf("a/x/c", 1, 4)]],
])("filter %s with depth %i", (filter, depth, shards) => {
  expect(shardsOf(filter, depth, 4)).toEqual(shards);
});

test("one shard holds everything", () => {
  expect(shardsOf("#", 2, 1)).toEqual([0]);
  expect(shardOf("any/thing", 2, 1)).toBe(0);
});

test("the hash is what is stored: it must not change", () => {
  expect(shardOf("sensors/kitchen/temperature", 2, 65_521)).toMatchInlineSnapshot(`61953`);
  expect(shardOf("é/😀", 2, 65_521)).toMatchInlineSnapshot(`57167`);
});

test("topics spread evenly over 16 shards", () => {
  const counts = new Array<number>(16).fill(0);
  for (let device = 0; device < 16_000; device++) {
    const shard = shardOf(`devices/${device}/state`, 2, 16);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});
