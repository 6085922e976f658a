// The harness finds every mistake that was made on purpose, within few worlds: a checker that cannot fail proves nothing.

import { expect, test } from "vitest";
import { explore } from "./explorer.ts";
import { mutants } from "./mutants.ts";

/** Twice as many as the slowest to be found takes. */
const worldsMax = 40;

/** Worlds that found them lately, and are drawn first, to save time; where there is none, and where it does not any more, the first. */
const foundLately: Readonly<Record<string, number>> = {
  noShardCursor: 9,
  noSessionCursor: 6,
  noWindow: 6,
  noSegment: 6,
  eternalRoute: 10,
  noRetained: 3,
  eternalRetained: 8,
  noWill: 7,
  eternalWill: 6,
  noSubscription: 3,
  noGroupRow: 6,
  eternalGroupRow: 6,
  eternalDelayed: 9,
};

test.each(Object.keys(mutants))("%s is found", async (mutant) => {
  const broken = new Set<string>();
  const { breaks } = mutants[mutant] as (typeof mutants)[string];
  const isFound = () => breaks.some((promise) => broken.has(promise));
  await explore({ seeds: seedsFrom(foundLately[mutant] ?? 1), mutant }, ({ verdict }) => {
    for (const promise of Object.keys(verdict.broken)) broken.add(promise);
    return isFound();
  });
  expect([...broken].filter((promise) => breaks.some((expected) => expected === promise))).not.toEqual([]);
});

function* seedsFrom(first: number): Generator<number> {
  yield first;
  for (let seed = 1; seed <= worldsMax; seed++) if (seed !== first) yield seed;
}
