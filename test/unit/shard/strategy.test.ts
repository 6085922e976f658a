// Whose turn it is, and which member a topic sticks to.

import { describe, expect, test } from "vitest";
import { nextAfter, stickTo } from "../../../src/shard/strategy.ts";

const members = (...sessions: readonly string[]) => sessions.map((session) => ({ session }));

describe("in turn", () => {
  test.each<[title: string, sessions: readonly string[], last: string, chosen: string | undefined]>([
    ["the one behind the last", ["a", "b", "c"], "a", "b"],
    ["behind the last of all, the first", ["a", "b", "c"], "c", "a"],
    ["one alone, again and again", ["b"], "b", "b"],
    ["the last has gone: the one behind its place", ["a", "c"], "b", "c"],
    ["the last of all has gone: the first", ["a", "b"], "c", "a"],
    ["one has come in between", ["a", "ab", "b"], "a", "ab"],
    ["nobody has had a turn", ["a", "b"], "", "a"],
    ["nobody is there", [], "a", undefined],
  ])("%s", (_title, sessions, last, chosen) => {
    expect(nextAfter(members(...sessions), last)?.session).toBe(chosen);
  });
});

describe("sticky", () => {
  const topics = Array.from({ length: 3_000 }, (_, index) => `plant/line-${index % 7}/sensor-${index}`);
  const ofEach = (sessions: readonly string[]) => topics.map((topic) => stickTo(members(...sessions), topic)?.session);
  const names = (count: number) => Array.from({ length: count }, (_, index) => `=worker-${index}`);

  test.each([2, 3, 5, 10, 50])("topics are spread evenly over %i members", (count) => {
    const chosen = ofEach(names(count));
    const fair = topics.length / count;
    for (const session of names(count)) {
      const share = chosen.filter((one) => one === session).length / fair;
      expect(share, session).toBeGreaterThan(0.6);
      expect(share, session).toBeLessThan(1.4);
    }
  });

  test("names that differ in their first, middle or last character alone get as much as each other", () => {
    const sessions = ["=aaa", "=baa", "=aba", "=aab"];
    const chosen = ofEach(sessions);
    for (const session of sessions) {
      expect(Math.abs(chosen.filter((one) => one === session).length / topics.length - 1 / 4)).toBeLessThan(0.05);
    }
  });

  test.each([2, 3, 10])("a member that goes from %i moves its own topics alone, and to all that stay", (count) => {
    const before = ofEach(names(count));
    for (const gone of names(count)) {
      const left = names(count).filter((session) => session !== gone);
      const after = ofEach(left);
      const moved = after.filter((session, index) => session !== before[index]);
      expect(moved.length).toBe(before.filter((session) => session === gone).length);
      expect(new Set(moved)).toEqual(new Set(left));
    }
  });

  test("a member that comes takes topics from all, and none moves between the others", () => {
    const before = ofEach(names(5));
    const after = ofEach([...names(5), "=newcomer"]);
    const losers = new Set<string | undefined>();
    for (const [index, session] of after.entries()) {
      if (session === before[index]) continue;
      expect(session).toBe("=newcomer");
      losers.add(before[index]);
    }
    expect(losers).toEqual(new Set(names(5)));
  });

  test("the order of the candidates means nothing", () => {
    expect(ofEach(names(5).reverse())).toEqual(ofEach(names(5)));
  });

  test("nobody is there", () => {
    expect(stickTo([], "a")).toBeUndefined();
  });
});
