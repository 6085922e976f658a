// Topics as a tree: every level is one branch, empty levels and levels that look alike too.

import { expect, test } from "vitest";
import { type Branch, treeOf } from "../../../dashboard/pages/topic-tree.ts";

type Outline = readonly (readonly [level: string, count: number, value: boolean, branches: Outline])[];

function outlineOf(branches: readonly Branch<unknown>[]): Outline {
  return branches.map((branch) => [branch.level, branch.count, branch.value !== undefined, outlineOf(branch.branches)]);
}

const tree = (...topics: string[]) => treeOf(topics.map((topic) => ({ topic })));

test.each([
  ["nothing", [], []],
  ["one topic", ["a/b"], [["a", 1, false, [["b", 0, true, []]]]]],
  ["a topic that leads to another", ["a", "a/b"], [["a", 1, true, [["b", 0, true, []]]]]],
  [
    "levels in order",
    ["b", "a"],
    [
      ["a", 0, true, []],
      ["b", 0, true, []],
    ],
  ],
  [
    "empty levels are levels",
    ["/a", "a/"],
    [
      ["", 1, false, [["a", 0, true, []]]],
      ["a", 1, false, [["", 0, true, []]]],
    ],
  ],
  [
    "names of objects' own fields",
    ["__proto__/constructor"],
    [["__proto__", 1, false, [["constructor", 0, true, []]]]],
  ],
] as const)("%s", (_title, topics, expected) => {
  expect(outlineOf(tree(...topics))).toEqual(expected);
});

test("a branch knows its whole topic and its value", () => {
  const [slash] = treeOf([{ topic: "/a", payload: "1" }]);
  expect(slash?.path).toBe("");
  expect(slash?.branches[0]).toMatchObject({ path: "/a", value: { payload: "1" } });
});
