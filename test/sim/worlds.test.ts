// Simulated worlds in which every promise has to be kept: some drawn anew with each change, and those that once failed. Many
// more: npm run chaos.

import { describe, expect, test } from "vitest";
import { explore, exploreOne } from "./explorer.ts";
import { regressions } from "./regressions.ts";

const timeout = 300_000;
const firstSeed = 50_000;
const worlds = 40;

test("a seed tells the whole story", { timeout }, async () => {
  const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => exploreOne(seed)));
  expect(again?.verdict).toEqual(one?.verdict);
  expect(one?.verdict.turns).toBeGreaterThan(100);
  expect(other?.verdict.digest).not.toBe(one?.verdict.digest);
});

test(`${worlds} worlds`, { timeout }, async () => {
  const broken: string[] = [];
  const seen = { worlds: 0, messages: 0, resets: 0, evictions: 0 };
  const seeds = Array.from({ length: worlds }, (_, index) => firstSeed + index);
  await explore({ seeds, threads: 2 }, ({ verdict }) => {
    seen.worlds++;
    seen.messages += verdict.messages;
    seen.resets += verdict.resets;
    seen.evictions += verdict.evictions;
    for (const [promise, instances] of Object.entries(verdict.broken)) {
      broken.push(`npm run chaos -- --seed ${verdict.seed} --trace: ${promise}, ${instances[0]}`);
    }
    return false;
  });
  expect(broken).toEqual([]);
  // Otherwise nothing was broken because nothing happened.
  expect(seen.worlds).toBe(worlds);
  expect(seen.messages).toBeGreaterThan(worlds * 50);
  expect(Math.min(seen.resets, seen.evictions)).toBeGreaterThan(worlds);
});

describe("what was found once", () => {
  test.each(regressions)("seed $seed: $what", { timeout }, async ({ seed }) => {
    const { verdict } = await exploreOne(seed);
    expect(verdict.broken).toEqual({});
  });
});
