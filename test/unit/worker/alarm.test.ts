// An object's alarm: set only to ring earlier, and believed about the time when it rings.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Alarm } from "../../../worker/alarm.ts";

const nowMs = 1_000_000;
const set: number[] = [];
const storage = { getAlarm: async () => set.at(-1) ?? null, setAlarm: (atMs: number) => set.push(atMs) };

beforeEach(() => {
  set.length = 0;
  vi.useFakeTimers({ now: nowMs });
});
afterEach(() => vi.useRealTimers());

test("it is set to ring earlier, never later, and anew when it has rung", async () => {
  const alarm = new Alarm(storage);
  for (const atMs of [nowMs + 500, nowMs + 900, nowMs + 500, nowMs + 100]) alarm.wakeAt(atMs);
  expect([set, alarm.atMs]).toEqual([[nowMs + 500, nowMs + 100], nowMs + 100]);
  await alarm.ring(() => {});
  expect(alarm.atMs).toBe(0);
  alarm.wakeAt(nowMs + 900);
  expect(set.at(-1)).toBe(nowMs + 900);
});

test("with a clock that is behind, what an alarm was set for is due when it rings", async () => {
  const alarm = new Alarm(storage);
  alarm.wakeAt(nowMs + 700);
  await alarm.ring(() => {});
  expect(alarm.nowMs).toBe(nowMs + 700);
  vi.setSystemTime(nowMs + 800);
  expect(alarm.nowMs).toBe(nowMs + 800);
});

test("an alarm that another life has set says nothing about the time", async () => {
  const alarm = new Alarm(storage);
  alarm.atMs = nowMs + 60_000;
  await alarm.ring(() => {});
  expect(alarm.nowMs).toBe(nowMs);
});

test("what there is to wake for while it rings is set once, at the end: a crash until then makes it ring again", async () => {
  const alarm = new Alarm(storage);
  alarm.wakeAt(nowMs);
  await alarm.ring(async () => {
    alarm.wakeAt(nowMs + 30_000);
    await Promise.resolve();
    expect(set).toEqual([nowMs]);
    alarm.wakeAt(nowMs + 200);
  });
  expect(set).toEqual([nowMs, nowMs + 200]);
  alarm.wakeAt(nowMs + 100);
  expect(set.at(-1)).toBe(nowMs + 100);
});

test("when what it does fails, the platform rings again, and it is not taken for set", async () => {
  const alarm = new Alarm(storage);
  const failed = alarm.ring(() => {
    alarm.wakeAt(nowMs + 30_000);
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  expect([set, alarm.atMs]).toEqual([[], 0]);
  alarm.wakeAt(nowMs + 60_000);
  expect(set).toEqual([nowMs + 60_000]);
});

test("a life that finds the alarm of an earlier one does not put it off", async () => {
  new Alarm(storage).wakeAt(nowMs + 500);
  const next = new Alarm(storage);
  await next.load();
  next.wakeAt(nowMs + 900);
  expect([set, next.atMs]).toEqual([[nowMs + 500], nowMs + 500]);
  next.wakeAt(nowMs + 100);
  expect(set.at(-1)).toBe(nowMs + 100);
});
