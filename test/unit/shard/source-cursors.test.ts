// How far each publisher's QoS 2 messages were routed.

import { expect, test } from "vitest";
import { SourceCursors } from "../../../src/shard/source-cursors.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { records } from "../../support/records.ts";

const nowMs = 1_000;

const batch = ["a:1 q2 seq=5", "a:2 q1", "a:3 q2 seq=6", "a:4 q2 seq=9"];

test.each([
  [[], 9],
  [[3], 6],
  [[2, 3], 5],
  [[1], 5],
  [[0], 0],
  [[0, 2], 0],
])("refused %j: the cursor stops at %i, before the first", (refused, expected) => {
  const store = memoryShard();
  const cursors = new SourceCursors(store);
  store.apply(cursors.advance("=p", 1, records(...batch), refused, nowMs));
  expect(cursors.get("=p", 1)).toBe(expected);
  expect(new SourceCursors(store).get("=p", 1)).toBe(expected);
});

test("a cursor never goes back, and does not change when nothing does", () => {
  const cursors = new SourceCursors(memoryShard());
  cursors.advance("=p", 1, records("a:1 q2 seq=5"), [], nowMs);
  expect(cursors.advance("=p", 1, records("a:1 q2 seq=4"), [], nowMs)).toEqual([]);
  expect(cursors.advance("=p", 1, records("a:1 q2 seq=5"), [], nowMs)).toEqual([]);
  expect(cursors.advance("=p", 1, records("a:1 q1"), [], nowMs)).toEqual([]);
  expect(cursors.get("=p", 1)).toBe(5);
});

test("a later session of the publisher begins anew, and words of the earlier one do not count any more", () => {
  const store = memoryShard();
  const cursors = new SourceCursors(store);
  store.apply(cursors.advance("=p", 1, records("a:1 q2 seq=5"), [], nowMs));
  expect(cursors.get("=p", 2)).toBe(0);
  store.apply(cursors.advance("=p", 2, records("a:1 q2 seq=1"), [], nowMs));
  expect(cursors.advance("=p", 1, records("a:1 q2 seq=6"), [], nowMs)).toEqual([]);
  expect([cursors.get("=p", 1), cursors.get("=p", 2)]).toEqual([Number.POSITIVE_INFINITY, 1]);
});

test("a will of an earlier session is still to be routed when one of a later session was", () => {
  const cursors = new SourceCursors(memoryShard());
  cursors.advance("!p", 2, records("a:1 q2 seq=5"), [], nowMs);
  expect([cursors.get("!p", 1), cursors.get("!p", 2)]).toEqual([0, 5]);
});

test("publishers and their wills are apart", () => {
  const cursors = new SourceCursors(memoryShard());
  cursors.advance("=p", 1, records("a:1 q2 seq=5"), [], nowMs);
  expect([cursors.get("!p", 1), cursors.get("=q", 1)]).toEqual([0, 0]);
});
