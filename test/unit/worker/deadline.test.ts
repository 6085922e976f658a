// Many calls under one timer.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadline } from "../../../worker/deadline.ts";

const waitMs = 800;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A call, and when and how it was over. */
function begin(deadline: Deadline) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = { answer: resolve, fail: reject, over: [] as (string | number | undefined)[] };
  const note = (outcome: string | undefined) => call.over.push(outcome, Date.now() - startedMs);
  deadline.within(promise).then(note, (error: Error) => note(error.message));
  return call;
}

let startedMs = 0;

beforeEach(() => {
  startedMs = Date.now();
});

test("one timer runs while any call is under way, and none afterwards", async () => {
  const deadline = new Deadline(waitMs);
  const calls = Array.from({ length: 64 }, () => begin(deadline));
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
  for (const { answer } of calls.slice(1)) answer("taken");
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(1);
  calls[0]?.answer("taken");
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(0);
  for (const { over } of calls) expect(over).toEqual(["taken", 100]);
});

test("each call has its own time, though the timer is that of the first", async () => {
  const deadline = new Deadline(waitMs);
  const first = begin(deadline);
  await vi.advanceTimersByTimeAsync(300);
  const second = begin(deadline);
  const third = begin(deadline);
  await vi.advanceTimersByTimeAsync(200);
  third.answer("taken");
  await vi.advanceTimersByTimeAsync(5_000);
  expect([first.over, second.over, third.over]).toEqual([
    [undefined, waitMs],
    [undefined, 300 + waitMs],
    ["taken", 500],
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a call that fails is over, and its error is passed on; what comes after the time is not heard", async () => {
  const deadline = new Deadline(waitMs);
  const failing = begin(deadline);
  const late = begin(deadline);
  failing.fail(new Error("lost"));
  await vi.advanceTimersByTimeAsync(waitMs);
  late.answer("taken");
  await vi.advanceTimersByTimeAsync(0);
  expect([failing.over, late.over]).toEqual([
    ["lost", 0],
    [undefined, waitMs],
  ]);
});

test("nobody waits longer because the clock went back", async () => {
  const deadline = new Deadline(waitMs);
  const call = begin(deadline);
  vi.setSystemTime(startedMs - 3_600_000);
  await vi.advanceTimersByTimeAsync(waitMs);
  expect(call.over[0]).toBeUndefined();
  expect(call.over).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});
