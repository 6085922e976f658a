import fc from "fast-check";
import { expect, test } from "vitest";
import { filtersMatching } from "../../../src/topic/filters-matching.ts";
import { compareKeys, keyLevels, keyTopic, topicKey } from "../../../src/topic/key.ts";
import { topicsMatching } from "../../../src/topic/topics-matching.ts";
import { MemoryKeys } from "../../support/memory-keys.ts";
import { naiveMatches } from "../../support/naive-matcher.ts";
import { topicFilter, topicName } from "../../support/topic-arbitraries.ts";

const names = fc.array(topicName, { maxLength: 60 });
const filters = fc.array(topicFilter, { maxLength: 60 });
const runs = { numRuns: 3000 };

function expectedKeys(texts: readonly string[], wanted: (text: string) => boolean): string[] {
  return [...new Set(texts.filter(wanted).map(topicKey))].sort(compareKeys);
}

test("a key gives its name back, and its levels", () => {
  fc.assert(
    fc.property(topicName, (name) => {
      expect(keyTopic(topicKey(name))).toBe(name);
      expect(keyLevels(topicKey(name)).map(keyTopic)).toEqual(name.split("/"));
    }),
    runs,
  );
});

test("a key contains no U+0000, which SQL drivers cut text off at", () => {
  fc.assert(fc.property(topicName, (name) => !topicKey(name).includes("\u0000")));
});

test("keys are ordered as the bytes of their UTF-8", () => {
  const text = fc.oneof(topicName, fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(text, text, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareKeys(left, right))).toBe(bytes);
    }),
    runs,
  );
});

test("filtersMatching finds what the naive matcher finds", () => {
  fc.assert(
    fc.property(filters, topicName, (stored, topic) => {
      const found = filtersMatching(topic, new MemoryKeys(stored.map(topicKey)));
      expect(found.sort(compareKeys)).toEqual(expectedKeys(stored, (filter) => naiveMatches(filter, topic)));
    }),
    runs,
  );
});

test("topicsMatching finds what the naive matcher finds, in key order", () => {
  fc.assert(
    fc.property(names, topicFilter, (stored, filter) => {
      const page = topicsMatching(filter, new MemoryKeys(stored.map(topicKey)), { limit: 1000 });
      expect(page).toEqual({ keys: expectedKeys(stored, (topic) => naiveMatches(filter, topic)) });
    }),
    runs,
  );
});

test("pages of topicsMatching add up to the whole", () => {
  const limits = fc.record({ limit: fc.integer({ min: 1, max: 4 }), seeksMax: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(names, topicFilter, limits, (stored, filter, options) => {
      const keys = new MemoryKeys(stored.map(topicKey));
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = topicsMatching(filter, keys, { ...options, after });
        expect(page.keys.length).toBeLessThanOrEqual(options.limit);
        found.push(...page.keys);
        after = page.next;
      } while (after !== undefined);
      expect(found).toEqual(expectedKeys(stored, (topic) => naiveMatches(filter, topic)));
    }),
    runs,
  );
});

test("topicsMatching goes on after any key, stored or not", () => {
  fc.assert(
    fc.property(names, topicFilter, topicName, (stored, filter, name) => {
      const after = topicKey(name);
      const page = topicsMatching(filter, new MemoryKeys(stored.map(topicKey)), { limit: 1000, after });
      const wanted = expectedKeys(stored, (topic) => naiveMatches(filter, topic));
      expect(page.keys).toEqual(wanted.filter((key) => compareKeys(key, after) > 0));
    }),
    runs,
  );
});

test("topicsMatching begins behind the empty key, which is no name's, as it does without one", () => {
  fc.assert(
    fc.property(names, topicFilter, (stored, filter) => {
      const keys = new MemoryKeys(stored.map(topicKey));
      const whole = topicsMatching(filter, keys, { limit: 1000 });
      expect(topicsMatching(filter, keys, { limit: 1000, after: "" })).toEqual(whole);
    }),
    runs,
  );
});
