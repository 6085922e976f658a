// What the ordered-key index promises besides its answers: how few seeks it takes to find them.

import { expect, test } from "vitest";
import { filtersMatching } from "../../../src/topic/filters-matching.ts";
import { topicKey } from "../../../src/topic/key.ts";
import { topicsMatching } from "../../../src/topic/topics-matching.ts";
import { MemoryKeys } from "../../support/memory-keys.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test("one topic among 10,000 filters takes a few dozen seeks", () => {
  const filters = range(10_000).map((n) => `site/${n % 100}/device/${n}/${n % 3 === 0 ? "#" : "+"}`);
  const keys = new MemoryKeys([...filters, "#", "+/+/device/#", "site/+/+/+/state"].map(topicKey));
  const found = filtersMatching("site/7/device/2007/state", keys);
  expect(found.toSorted()).toEqual(
    ["#", "+/+/device/#", "site/+/+/+/state", "site/7/device/2007/#"].map(topicKey).toSorted(),
  );
  expect(keys.seeks).toBeLessThan(36);
});

test.each([
  // Behind the wildcards in the order of keys, and before them.
  ["of letters", "a"],
  ["that are empty", ""],
  ["that begin with a space", " x"],
])("a topic of 1,000 levels %s takes a handful of seeks", (_what, level) => {
  const levels = range(1_000).map(() => level);
  const topic = levels.join("/");
  const parent = levels.slice(1).join("/");
  const matching = [topic, `${topic}/#`, `${parent}/#`, `${parent}/+`, `+/${parent}`];
  const keys = new MemoryKeys([...matching, `${topic}/deeper`, parent, "+/other", "zz"].map(topicKey));
  expect(filtersMatching(topic, keys).toSorted()).toEqual(matching.map(topicKey).toSorted());
  expect(keys.seeks).toBeLessThan(16);
});

test("a topic that nobody wants takes a handful of seeks", () => {
  const keys = new MemoryKeys(range(10_000).map((n) => topicKey(`site/${n}/+/#`)));
  expect(filtersMatching("other/1/2/3/4/5/6", keys)).toEqual([]);
  expect(keys.seeks).toBeLessThan(5);
});

test("a wildcard level costs at most three seeks for each of its values, whatever lies below", () => {
  const names = range(100).flatMap((device) => range(100).map((n) => `device/${device}/value/${n}`));
  const keys = new MemoryKeys([...names, "device/50/online"].map(topicKey));
  const page = topicsMatching("device/+/online", keys, { limit: 10 });
  expect(page).toEqual({ keys: [topicKey("device/50/online")] });
  expect(keys.seeks).toBeLessThanOrEqual(3 * 100 + 2);
});

test("everything below a level costs one seek for each result", () => {
  const keys = new MemoryKeys(range(1000).map((n) => topicKey(`a/${n}`)));
  expect(topicsMatching("a/#", keys, { limit: 200 }).keys).toHaveLength(200);
  expect(keys.seeks).toBe(200);
});

test("a page that used up its seeks is short and says where to go on", () => {
  const keys = new MemoryKeys([...range(100).map((n) => `${n}/x`), "zz/y"].map(topicKey));
  const page = topicsMatching("+/y", keys, { limit: 10, seeksMax: 20 });
  expect(page.keys).toEqual([]);
  expect(page.next).toBeDefined();
  expect(keys.seeks).toBe(20);
});
