// Which names ask for a delay, and for which.

import { expect, test } from "vitest";
import { parseDelayed, topicBehind } from "../../../src/topic/delayed.ts";

test.each([
  ["$delayed/15/x/y", 15, "x/y"],
  ["$delayed/0/x", 0, "x"],
  ["$delayed/007/x", 7, "x"],
  ["$delayed/4294967295/x", 4_294_967_295, "x"],
  ["$delayed/1//x", 1, "/x"],
  ["$delayed/1//", 1, "/"],
  ["$delayed/1/$SYS/x", 1, "$SYS/x"],
  ["$delayed/1/$delayed", 1, "$delayed"],
  ["$delayed/1/1/é", 1, "1/é"],
] as const)("%s", (name, seconds, topic) => {
  expect(parseDelayed(name)).toEqual({ seconds, topic });
});

test.each([
  "x/y",
  "$delayed",
  "$delayed/",
  "$delayed/15",
  "$delayed/15/",
  "$delayed//x",
  "$delayed/x/15",
  "$delayed/-1/x",
  "$delayed/1.5/x",
  "$delayed/1e3/x",
  "$delayed/0x1/x",
  "$delayed/ 1/x",
  "$delayed/١/x",
  "$delayed/12345678901/x",
  "$delayed/1/$delayed/1/x",
  "$Delayed/1/x",
  "/$delayed/1/x",
])("%s asks for none", (name) => {
  expect(parseDelayed(name)).toBeUndefined();
});

test.each([
  ["x/y", 60, "x/y"],
  ["$delayed/60/x/y", 60, "x/y"],
  ["$delayed/61/x/y", 60, undefined],
  ["$delayed/x", 60, undefined],
  ["$delayed", 60, "$delayed"],
  ["$delayed/60/x", 0, "$delayed/60/x"],
  ["$delayed/0/x", 0, "$delayed/0/x"],
  ["$delayed/x", 0, "$delayed/x"],
] as const)("%s, with delays of at most %i seconds, is for %s", (name, secondsMax, topic) => {
  expect(topicBehind(name, secondsMax)).toBe(topic);
});
