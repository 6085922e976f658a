// When a session asks to be woken.

import { expect, test } from "vitest";
import { wakeAtMs } from "../../src/session/closing.ts";
import { play, type ScriptLine } from "../support/script.ts";

/** Milliseconds from now; undefined: never. Keep Alive is a minute. */
const cases: readonly (readonly [title: string, lines: readonly ScriptLine[], inMs: number | undefined])[] = [
  ["nothing to wait for", [["connect expiry=never", "connack"]], undefined],
  ["nor when away for ever", [["connect expiry=never", "connack"], ["cut"]], undefined],
  ["a living client with a will is looked after", [["connect expiry=never will=w:1", "connack"]], 90_000],
  ["a living client whose session may end is too", [["connect expiry=100", "connack"]], 90_000],
  [
    "less often as its connection grows old",
    [["connect expiry=100", "connack"], ["wait 600000"], ["deliver a:1 q1", "publish a:1 q1 #1"]],
    600_000,
  ],
  ["but every two hours", [["connect expiry=100", "connack"], ["wait 999999999"]], 7_200_000],
  ["the end of a session", [["connect expiry=100", "connack"], ["cut"], ["wait 40000"]], 60_000],
  ["a will with a delay", [["connect expiry=never will=w:1 delay=10", "connack"], ["cut"], ["wait 4000"]], 6_000],
  [
    "a will that is on its way is tried again",
    [
      ["connect expiry=never will=w:1", "connack"],
      ["cut", "ask will w:1 q0 seq=1000000"],
    ],
    30_000,
  ],
  [
    "not when it has arrived",
    [["connect expiry=never will=w:1", "connack"], ["cut", "ask will w:1 q0 seq=1000000"], ["answer w"]],
    undefined,
  ],
  ["a crash with a will", [["connect expiry=never will=w:1", "connack"], ["crash"]], 15_000],
  ["a crash with an expiry", [["connect expiry=100", "connack"], ["crash"]], 100_000],
];

test.each(cases)("%s", (_, lines, inMs) => {
  const { session, nowMs } = play(lines);
  const atMs = wakeAtMs(session, nowMs);
  expect(atMs === undefined ? undefined : atMs - nowMs).toBe(inMs);
});
