// Waiting with a limit, and longer where the thread was too busy to look.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { beforePatiently } from "../../../worker/before.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Rings the timer that is due next, so many milliseconds late; whether there was one. */
async function ring(lateMs: number): Promise<boolean> {
  if (vi.getTimerCount() === 0) return false;
  const nowMs = Date.now();
  vi.setSystemTime(nowMs + lateMs);
  await vi.advanceTimersToNextTimerAsync();
  return true;
}

function wait(value: Promise<string> = new Promise(() => {})): { readonly outcome: () => string | undefined } {
  let outcome: string | undefined;
  void beforePatiently(50, 400, value).then((known) => {
    outcome = known ?? "given up";
  });
  return { outcome: () => outcome };
}

test.each([0, 24])("a timer that is %i ms late is on time: it is not waited for again", async (lateMs) => {
  const { outcome } = wait();
  await ring(lateMs);
  expect([outcome(), vi.getTimerCount()]).toEqual(["given up", 0]);
});

test("after one that is late it is waited for again, and what comes then is in time", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { outcome } = wait(promise);
  await ring(60);
  expect(outcome()).toBeUndefined();
  resolve("here");
  await vi.advanceTimersByTimeAsync(0);
  expect([outcome(), vi.getTimerCount()]).toEqual(["here", 0]);
});

test("however busy the thread is, it is given up in the end", async () => {
  const { outcome } = wait();
  let rings = 0;
  while (await ring(60)) rings++;
  expect([outcome(), rings, Date.now()]).toEqual(["given up", 4, 440]);
});
