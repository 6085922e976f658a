import { expect, test } from "vitest";
import { levelCount, topicFilterProblem, topicNameProblem } from "../../../src/topic/name.ts";
import { groupOf, parseFilter, plainFilter } from "../../../src/topic/share.ts";

const limits = { bytesMax: 20, levelsMax: 3 };

test.each([
  ["MQTT-4.7.3-1: an empty name", "", "empty"],
  ["MQTT-4.7.3-2: U+0000", "a\u0000", "nul"],
  ["MQTT-1.5.4-1: half a surrogate pair", "a\ud800", "illFormed"],
  ["MQTT-4.7.3-3: 21 bytes of ASCII", "a".repeat(21), "tooLong"],
  ["MQTT-4.7.3-3: 22 bytes of two each", "é".repeat(11), "tooLong"],
  ["MQTT-4.7.3-3: 21 bytes of three each", "\u20ac".repeat(7), "tooLong"],
  ["MQTT-4.7.3-3: 24 bytes of four each", "😀".repeat(6), "tooLong"],
  ["20 bytes of four each", "😀".repeat(5), undefined],
  ["four levels", "a/b/c/d", "tooManyLevels"],
  ["three levels, all empty", "//", undefined],
  ["MQTT-4.7.0-1: + in a name", "a/+", "wildcard"],
  ["MQTT-4.7.0-1: # in a name", "a#", "wildcard"],
  ["spaces", " ", undefined],
])("a name: %s", (_title, name, problem) => {
  expect(topicNameProblem(name, limits)).toBe(problem);
});

test.each([
  ["#", undefined],
  ["+", undefined],
  ["+/a/#", undefined],
  ["/+", undefined],
  ["a/#/b", "wildcard"],
  ["a#", "wildcard"],
  ["##", "wildcard"],
  ["#/", "wildcard"],
  ["a+", "wildcard"],
  ["+a", "wildcard"],
  ["++", "wildcard"],
  ["a/+b/c", "wildcard"],
  ["", "empty"],
])("MQTT-4.7.1-1, MQTT-4.7.1-2: filter %s", (filter, problem) => {
  expect(topicFilterProblem(filter, limits)).toBe(problem);
});

test("a name of 65,535 bytes is the longest", () => {
  expect(topicNameProblem("a".repeat(65_535))).toBeUndefined();
  expect(topicNameProblem("a".repeat(65_536))).toBe("tooLong");
  expect(topicNameProblem("/".repeat(65_535))).toBeUndefined();
  expect(levelCount("/".repeat(65_535))).toBe(65_536);
});

test.each([
  ["a/+", { filter: "a/+" }],
  ["$share/g/a/+", { group: "g", filter: "a/+" }],
  ["$share/g//", { group: "g", filter: "/" }],
  ["$shared/g/a", { filter: "$shared/g/a" }],
  ["$share", "shareName"],
  ["$share/", "shareName"],
  ["$share/g", "shareName"],
  ["$share//a", "shareName"],
  ["$share/g+/a", "shareName"],
  ["$share/#/a", "shareName"],
  ["$share/g/", "empty"],
  ["$share/g/a#", "wildcard"],
  ["a+", "wildcard"],
])("MQTT-4.8.2-1, MQTT-4.8.2-2: %s", (text, expected) => {
  expect(parseFilter(text, limits)).toEqual(expected);
});

test.each([
  ["$share/g/a/+", "g", "a/+"],
  ["$share/g//", "g", "/"],
  ["a/b", undefined, "a/b"],
  ["$shared/g/a", undefined, "$shared/g/a"],
] as const)("the group and the filter of the subscription %s", (subscription, group, filter) => {
  expect([groupOf(subscription), plainFilter(subscription)]).toEqual([group, filter]);
});
