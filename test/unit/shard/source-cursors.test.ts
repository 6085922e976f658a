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

test.each([
  ["the only one", []],
  ["above others", [1]],
  ["below another", [3]],
])("a session that goes on writes one row each time: %s", (_what, others) => {
  const store = memoryShard();
  const cursors = new SourceCursors(store);
  for (const generation of [...others, 2]) {
    store.apply(cursors.advance("=p", generation, records("a:1 q2 seq=1"), [], nowMs));
  }
  const changes = cursors.advance("=p", 2, records("a:1 q2 seq=2"), [], nowMs);
  expect(changes.map(({ kind }) => kind)).toEqual(["put-source"]);
});

test("of messages without numbers nothing is asked, whoever publishes them", () => {
  const store = memoryShard();
  const asked: string[] = [];
  store.source = (name) => {
    asked.push(name);
    return undefined;
  };
  const cursors = new SourceCursors(store);
  expect(cursors.advance("=p", 1, records("a:1 q1", "a:2 q0"), [], nowMs)).toEqual([]);
  expect(cursors.advance("=p", 1, records("a:1 q1", "a:2 q1"), [0], nowMs)).toEqual([]);
  expect(asked).toEqual([]);
});

test.each([
  ["above", 1, 2],
  ["below", 2, 1],
])("a later session of the publisher begins anew, with a generation %s", (_where, earlier, later) => {
  const store = memoryShard();
  const cursors = new SourceCursors(store);
  store.apply(cursors.advance("=p", earlier, records("a:1 q2 seq=5"), [], nowMs));
  expect(cursors.get("=p", later)).toBe(0);
  store.apply(cursors.advance("=p", later, records("a:1 q2 seq=1"), [], nowMs));
  store.apply(cursors.advance("=p", later, records("a:1 q2 seq=2"), [], nowMs));
  // What is repeated of the earlier one is known, also to a later life of the shard, and what comes late is not lost.
  for (const known of [cursors, new SourceCursors(store)]) {
    expect([known.get("=p", earlier), known.get("=p", later)]).toEqual([5, 2]);
  }
  store.apply(cursors.advance("=p", earlier, records("a:1 q2 seq=6"), [], nowMs));
  const again = new SourceCursors(store);
  expect([again.get("=p", earlier), again.get("=p", later), again.get("=p", 3)]).toEqual([6, 2, 0]);
  expect(store.source("=p")?.generation).toBe(2);
});

test("of sessions that were replaced long ago nothing is kept", () => {
  const store = memoryShard();
  const hourMs = 3_600_000;
  for (const [generation, atMs] of [
    [1, 0],
    [2, 1],
    [3, hourMs + 1],
    [4, 2 * hourMs + 2],
  ] as const) {
    store.apply(new SourceCursors(store).advance("=p", generation, records("a:1 q2 seq=5"), [], atMs));
  }
  const cursors = new SourceCursors(store);
  expect([1, 2, 3, 4].map((generation) => cursors.get("=p", generation))).toEqual([0, 0, 0, 5]);
  store.apply(cursors.advance("=p", 5, records("a:1 q2 seq=5"), [], 2 * hourMs + 3));
  expect(new SourceCursors(store).get("=p", 4)).toBe(5);
});

test("a publisher's other sessions are nobody else's, whatever its name", () => {
  const store = memoryShard();
  for (const source of ["=p", "=p 1", "=~2 =p "]) {
    for (const generation of [1, 2]) {
      store.apply(new SourceCursors(store).advance(source, generation, records("a:1 q2 seq=5"), [], 0));
    }
  }
  store.apply(new SourceCursors(store).advance("=p", 3, records("a:1 q2 seq=5"), [], 3_600_001));
  const cursors = new SourceCursors(store);
  expect(["=p", "=p 1", "=~2 =p "].map((source) => cursors.get(source, 1))).toEqual([0, 5, 5]);
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
