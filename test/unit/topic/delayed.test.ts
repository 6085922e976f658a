// Which names ask for a delay, and for which.

import { expect, test } from "vitest";
import { parseDelayed } from "../../../src/topic/delayed.ts";

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
