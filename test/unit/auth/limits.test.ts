// What bounds abuse, without a clock: buckets, lock-outs, client ids, and whose limit counts.

import { describe, expect, test } from "vitest";
import { Bucket } from "../../../src/auth/bucket.ts";
import { mayHaveClientId } from "../../../src/auth/client-id.ts";
import { joinLimits } from "../../../src/auth/limits.ts";
import { afterFailure, delayMsAfter, isLockedOut } from "../../../src/auth/lockout.ts";
import { PublishRate } from "../../../src/session/publish-rate.ts";

describe("a bucket", () => {
  const rate = { perSecond: 2, burst: 4 };

  test("lets a burst pass, and then what time brings", () => {
    const bucket = new Bucket();
    expect([1, 2, 3, 4, 5].map(() => bucket.take(1, rate, 0))).toEqual([true, true, true, true, false]);
    expect(bucket.take(1, rate, 499)).toBe(false);
    expect(bucket.take(1, rate, 500)).toBe(true);
    expect(bucket.take(1, rate, 500)).toBe(false);
    expect([1, 2, 3, 4, 5].map(() => bucket.take(1, rate, 60_000))).toEqual([true, true, true, true, false]);
  });

  test("what is larger than a burst passes when it is full, and empties it", () => {
    const bucket = new Bucket();
    expect(bucket.take(100, rate, 0)).toBe(true);
    expect(bucket.take(1, rate, 0)).toBe(false);
    expect(bucket.take(100, rate, 1_000)).toBe(false);
    expect(bucket.take(100, rate, 2_000)).toBe(true);
  });

  test("a clock that goes back gives nothing", () => {
    const bucket = new Bucket();
    expect(bucket.take(4, rate, 10_000)).toBe(true);
    expect(bucket.take(1, rate, 0)).toBe(false);
    expect(bucket.take(1, rate, 500)).toBe(true);
  });

  test("0 is no limit", () => {
    const bucket = new Bucket();
    for (let count = 0; count < 1_000; count++) expect(bucket.take(1_000, { perSecond: 0, burst: 0 }, 0)).toBe(true);
  });
});

test("a client publishes as fast in messages and in bytes as both allow", () => {
  const limits = { publishMessagesPerSecond: 10, publishBytesPerSecond: 100, publishBurstSeconds: 1 };
  const small = new PublishRate();
  expect(Array.from({ length: 12 }, () => small.take(1, limits, 0)).filter(Boolean)).toHaveLength(10);
  const large = new PublishRate();
  expect(Array.from({ length: 12 }, () => large.take(50, limits, 0)).filter(Boolean)).toHaveLength(2);
});

describe("failed logins", () => {
  const policy = { loginFailuresMax: 3, loginLockoutMs: 60_000 };
  const none = { count: 0, sinceMs: 0, untilMs: 0 };

  test("so many within the time lock out for as long, and each delays its answer longer", () => {
    let attempts = none;
    const delays: number[] = [];
    for (let count = 0; count < 3; count++) {
      expect(isLockedOut(attempts, 1_000)).toBe(false);
      attempts = afterFailure(attempts, policy, 1, 1_000);
      delays.push(delayMsAfter(attempts));
    }
    expect(delays).toEqual([100, 200, 400]);
    expect(isLockedOut(attempts, 60_999)).toBe(true);
    expect(isLockedOut(attempts, 61_000)).toBe(false);
    expect(delayMsAfter({ ...attempts, count: 1_000 })).toBe(3_000);
  });

  test("the time is that of the first: later ones do not prolong it", () => {
    const nowMs = 1_900_000_000_000;
    let attempts = none;
    for (const atMs of [0, 50_000, 59_999]) attempts = afterFailure(attempts, policy, 1, nowMs + atMs);
    expect(isLockedOut(attempts, nowMs + 60_000)).toBe(true);
    attempts = none;
    for (const atMs of [0, 50_000, 100_000]) attempts = afterFailure(attempts, policy, 1, nowMs + atMs);
    expect(isLockedOut(attempts, nowMs + 100_001)).toBe(false);
  });

  test("those of long ago do not count", () => {
    let attempts = none;
    for (let count = 0; count < 10; count++) attempts = afterFailure(attempts, policy, 1, count * 60_000);
    expect(attempts).toMatchObject({ count: 1, untilMs: 0 });
  });

  test("from many addresses it takes ten times as many", () => {
    let attempts = none;
    for (let count = 0; count < 29; count++) attempts = afterFailure(attempts, policy, 10, 0);
    expect(isLockedOut(attempts, 1)).toBe(false);
    expect(isLockedOut(afterFailure(attempts, policy, 10, 0), 1)).toBe(true);
  });
});

test.each([
  ["", undefined, "anything", true],
  ["%u", "bob", "bob", true],
  ["%u", "bob", "bobby", false],
  ["%u-*", "bob", "bob-1", true],
  ["%u-*", "bob", "bob-", true],
  ["%u-*", "bob", "bobby-1", false],
  ["%u-*", "bob", "alice-1", false],
  ["%u-*", "bob", "Bob-1", false],
  ["%u-*", undefined, "-1", false],
  ["%u-*", undefined, "undefined-1", false],
  ["%u-*", "$&", "$&-1", true],
  ["%u-*", "$&", "%u-1", false],
  ["fleet-*", "bob", "fleet-7", true],
])("the pattern %j lets user %j have the client id %j: %s", (pattern, user, clientId, expected) => {
  expect(mayHaveClientId(pattern, user, clientId)).toBe(expected);
});

test("a user's own limit counts before its groups', and of those the most generous", () => {
  expect(joinLimits({ subscriptionsMax: 5 }, [{ subscriptionsMax: 50 }, { queueMessagesMax: 7 }])).toEqual({
    subscriptionsMax: 5,
    queueMessagesMax: 7,
  });
  expect(joinLimits({}, [{ connectionsMax: 5 }, { connectionsMax: 0 }])).toEqual({ connectionsMax: 0 });
  expect(joinLimits({}, [{ subscriptionsMax: 5 }, { subscriptionsMax: 0 }])).toEqual({ subscriptionsMax: 5 });
});
