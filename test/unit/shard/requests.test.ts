// A request that may come again: what of it is left to be done, under which numbers, and what is written down.

import { describe, expect, test } from "vitest";
import { firstNumber, requestKeptMs } from "../../../src/hop/request-numbers.ts";
import type { Outcome } from "../../../src/shard/outcome.ts";
import { RememberedRequest } from "../../../src/shard/requests.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { records, recordTexts } from "../../support/records.ts";

const nowMs = 1_700_000_000_000;
const first = firstNumber(nowMs);
const taken: Outcome = { reached: 1 };
const refused: Outcome = { reached: 0, refused: "queue-full" };

function attempts(body: Uint8Array) {
  const store = memoryShard();
  const begin = (atMs = nowMs) => new RememberedRequest(store.requests, "r", body, atMs);
  return {
    store,
    begin,
    end(request: RememberedRequest, ...outcomes: readonly Outcome[]) {
      const settled = request.settle(outcomes, nowMs);
      store.apply([settled.change]);
      return settled.outcomes;
    },
  };
}

describe("a request", () => {
  test("is numbered where a receiver can know it again", () => {
    const { begin } = attempts(records("a:1 q1", "a:2 q0", "a:3 q2"));
    const request = begin();
    expect(request.answer).toBe(undefined);
    expect(recordTexts(request.body)).toEqual(
      recordTexts(records(`a:1 q1 seq=${first + 0}`, "a:2 q0", `a:3 q2 seq=${first + 2}`)),
    );
  });

  test("that was cut short before it was written down leaves again under the same numbers", () => {
    const { begin } = attempts(records("a:1 q1", "a:2 q1"));
    expect(begin().body).toEqual(begin().body);
  });

  test("that was done is answered, and nothing of it is left", () => {
    const { begin, end } = attempts(records("a:1 q1", "a:2 q1"));
    const outcomes = end(begin(), taken, { reached: 3, unretained: true });
    const again = begin();
    expect([again.answer, again.body.length]).toEqual([outcomes, 0]);
  });

  test("of which some were refused leaves with those, under numbers above all before", () => {
    const { begin, end } = attempts(records("a:1 q1", "a:2 q1", "a:3 q1"));
    end(begin(), taken, refused, refused);
    const second = begin();
    expect(recordTexts(second.body)).toEqual(
      recordTexts(records(`a:2 q1 seq=${first + 3}`, `a:3 q1 seq=${first + 4}`)),
    );
    expect(end(second, refused, taken)).toEqual([taken, refused, taken]);
    const third = begin();
    expect(recordTexts(third.body)).toEqual(recordTexts(records(`a:2 q1 seq=${first + 5}`)));
    expect(end(third, taken)).toEqual([taken, taken, taken]);
    expect(begin().answer).toEqual([taken, taken, taken]);
  });

  test("is remembered for a day from when it was first made; then it is a new one, under numbers of its own", () => {
    const { begin, end } = attempts(records("a:1 q1", "a:2 q1"));
    end(begin(), taken, refused);
    const dayLaterMs = nowMs + requestKeptMs;
    expect(recordTexts(begin(dayLaterMs - 60_000).body)).toEqual(recordTexts(records(`a:2 q1 seq=${first + 2}`)));
    const another = begin(dayLaterMs);
    expect(another.answer).toBe(undefined);
    const anew = firstNumber(dayLaterMs);
    expect(recordTexts(another.body)).toEqual(recordTexts(records(`a:1 q1 seq=${anew}`, `a:2 q1 seq=${anew + 1}`)));
    expect(end(another, taken, taken)).toEqual([taken, taken]);
  });

  test("that was refused too often to have numbers left stays refused", () => {
    const { store, begin } = attempts(records("a:1 q1", "a:2 q1"));
    const request = { nextSequence: first + 2 ** 22 - 2, outcomes: [refused, refused] };
    store.apply([{ kind: "put-request", id: "r", request, atMs: nowMs }]);
    expect(recordTexts(begin().body)).toEqual(recordTexts(records(`a:1 q1 seq=${first + 2 ** 22 - 2}`)));
    const spent = { ...request, nextSequence: first + 2 ** 22 - 1 };
    store.apply([{ kind: "put-request", id: "r", request: spent, atMs: nowMs }]);
    expect(begin().answer).toEqual([refused, refused]);
  });
});
