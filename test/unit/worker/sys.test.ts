// What only objects know, as several ask for it at once.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Env } from "../../../worker/env.ts";
import { sessionCounts } from "../../../worker/sys.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("who asks while a request that was cancelled had asked waits for half a second, and asks for itself", async () => {
  let asked = 0;
  const counts = { connected: 1, away: 2, provisioned: 3 };
  // What a cancelled request waits for never comes.
  const count = () => (asked++ === 0 ? new Promise(() => {}) : Promise.resolve(counts));
  const env = { DIRECTORY: { getByName: () => ({ count }) }, DIRECTORY_SHARDS: "1" } as unknown as Env;
  void sessionCounts(env, 0);
  const later = sessionCounts(env, 1);
  await vi.advanceTimersByTimeAsync(500);
  const known = await Promise.race([later, Promise.resolve("nothing")]);
  expect([known, asked]).toEqual([counts, 2]);
  expect(await sessionCounts(env, 2)).toEqual(counts);
  expect(asked).toBe(2);
});
