// The harness finds every mistake that was made on purpose, within few worlds: a checker that cannot fail proves nothing.

import { expect, test } from "vitest";
import { explore } from "./explorer.ts";
import { mutants } from "./mutants.ts";

/** Twice as many as the slowest to be found takes. */
const worldsMax = 40;

test.each(Object.keys(mutants))("%s is found", { timeout: 120_000 }, async (mutant) => {
  const broken = new Set<string>();
  const { breaks } = mutants[mutant] as (typeof mutants)[string];
  const isFound = () => breaks.some((promise) => broken.has(promise));
  await explore({ seeds: seedsUpTo(worldsMax), mutant }, ({ verdict }) => {
    for (const promise of Object.keys(verdict.broken)) broken.add(promise);
    return isFound();
  });
  expect([...broken].filter((promise) => breaks.some((expected) => expected === promise))).not.toEqual([]);
});

function* seedsUpTo(last: number): Generator<number> {
  for (let seed = 1; seed <= last; seed++) yield seed;
}
