// What leaves for a session in one call.

import { expect, test } from "vitest";
import { packParts } from "../../../src/shard/packing.ts";

const item = (publisher: string, publisherGeneration: number, bytes = 1) => ({
  part: { publisher, publisherGeneration, generation: 1, body: new Uint8Array(bytes) },
});

test.each([
  ["one goes, however large", [item("a", 1, 1_001)], 1],
  ["as many as fit", [item("a", 1, 400), item("b", 7, 400), item("c", 1, 400)], 2],
  ["names count", [item("a".repeat(100), 1), item("b".repeat(100), 1)], 1],
  ["two sessions of one publisher do not go together", [item("a", 1), item("b", 2), item("a", 3), item("a", 3)], 2],
  ["nor the other way round", [item("a", 3), item("a", 1)], 1],
  ["of different publishers they do", [item("a", 1), item("b", 2), item("a", 1), item("b", 2)], 4],
] as const)("%s", (_, waiting, count) => {
  expect(packParts<(typeof waiting)[number]>(1_000)(waiting)).toBe(count);
});
