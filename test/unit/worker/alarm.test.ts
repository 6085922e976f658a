// An object's alarm: set only to ring earlier, and believed about the time when it rings.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Alarm } from "../../../worker/alarm.ts";

const nowMs = 1_000_000;
const set: number[] = [];
const storage = { setAlarm: (atMs: number) => set.push(atMs) };

beforeEach(() => {
  set.length = 0;
  vi.useFakeTimers({ now: nowMs });
});
afterEach(() => vi.useRealTimers());

test("it is set to ring earlier, never later, and anew when it has rung", () => {
  const alarm = new Alarm(storage);
  for (const atMs of [nowMs + 500, nowMs + 900, nowMs + 500, nowMs + 100]) alarm.wakeAt(atMs);
  expect([set, alarm.atMs]).toEqual([[nowMs + 500, nowMs + 100], nowMs + 100]);
  alarm.rang();
  expect(alarm.atMs).toBe(0);
  alarm.wakeAt(nowMs + 900);
  expect(set.at(-1)).toBe(nowMs + 900);
});

test("with a clock that is behind, what an alarm was set for is due when it rings", () => {
  const alarm = new Alarm(storage);
  alarm.wakeAt(nowMs + 700);
  alarm.rang();
  expect(alarm.nowMs).toBe(nowMs + 700);
  vi.setSystemTime(nowMs + 800);
  expect(alarm.nowMs).toBe(nowMs + 800);
});

test("an alarm that another life has set says nothing about the time", () => {
  const alarm = new Alarm(storage);
  alarm.atMs = nowMs + 60_000;
  alarm.rang();
  expect(alarm.nowMs).toBe(nowMs);
});
