import fc from "fast-check";
import { expect, test } from "vitest";
import { covers, matches, overlaps } from "../../../src/topic/match.ts";
import { topicFilterProblem, topicNameProblem } from "../../../src/topic/name.ts";
import { shardOf, shardsOf } from "../../../src/topic/shards.ts";
import { naiveMatches } from "../../support/naive-matcher.ts";
import { topicFilter, topicName } from "../../support/topic-arbitraries.ts";

test("matches agrees with the naive matcher", () => {
  fc.assert(
    fc.property(topicFilter, topicName, (filter, topic) => {
      expect(matches(filter, topic)).toBe(naiveMatches(filter, topic));
    }),
    { numRuns: 5000 },
  );
});

test("generated names and filters are valid", () => {
  fc.assert(fc.property(topicName, (name) => topicNameProblem(name) === undefined));
  fc.assert(fc.property(topicFilter, (filter) => topicFilterProblem(filter) === undefined));
});

// All names of up to four levels over an alphabet with one word more than the filters below use: whether a filter is
// within a rule shows in these already.
const alphabet = ["", "a", "$x", "other"];
const allNames = (() => {
  const names: string[] = [];
  let longest: string[][] = [[]];
  for (let length = 1; length <= 4; length++) {
    longest = longest.flatMap((levels) => alphabet.map((word) => [...levels, word]));
    names.push(...longest.map((levels) => levels.join("/")).filter((name) => name !== ""));
  }
  return names;
})();

const smallFilter = fc
  .tuple(fc.array(fc.constantFrom("", "a", "$x", "+"), { maxLength: 3 }), fc.boolean())
  .map(([levels, open]) => (open ? [...levels, "#"] : levels).join("/"))
  .filter((filter) => filter !== "");

test("a rule covers a filter exactly when it matches every name the filter matches", () => {
  fc.assert(
    fc.property(smallFilter, smallFilter, (rule, filter) => {
      const within = allNames.every((name) => !naiveMatches(filter, name) || naiveMatches(rule, name));
      expect(covers(rule, filter)).toBe(within);
    }),
    { numRuns: 3000 },
  );
});

test("two filters overlap exactly when there is a name that both match", () => {
  fc.assert(
    fc.property(smallFilter, smallFilter, (one, other) => {
      const both = allNames.some((name) => naiveMatches(one, name) && naiveMatches(other, name));
      expect(overlaps(one, other)).toBe(both);
      expect(overlaps(other, one)).toBe(both);
    }),
    { numRuns: 5000 },
  );
});

test("a topic's shard is among those of every filter that matches it", () => {
  fc.assert(
    fc.property(
      topicFilter,
      topicName,
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 20 }),
      (f, t, d, n) => {
        const shard = shardOf(t, d, n);
        expect(shard).toBeGreaterThanOrEqual(0);
        expect(shard).toBeLessThan(n);
        if (matches(f, t)) expect(shardsOf(f, d, n)).toContain(shard);
      },
    ),
    { numRuns: 5000 },
  );
});
