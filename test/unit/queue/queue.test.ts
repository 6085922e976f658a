// What a queue keeps in memory, and what it reads back.

import { expect, test } from "vitest";
import { Queue } from "../../../src/queue/queue.ts";
import { FakeQueue } from "../../support/fake-queue.ts";
import { payloadText, records } from "../../support/records.ts";

const empty = { first: 0, end: 0, bytes: 0 };
const mebibyte = records(`t:${1024 * 1024}*x q1`);

function append(queue: Queue, rows: FakeQueue, body: Uint8Array, count = 1, stored = true): void {
  queue.settle();
  const segment = queue.append(body, count, { offered: true, stored, next: 0, atMs: 0 });
  if (stored) rows.put(segment);
}

function textAt(queue: Queue, position: number): string | undefined {
  const found = queue.read(position);
  return found && payloadText(found.reader.payload);
}

test("what fits into memory is not read back", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, empty);
  for (let position = 0; position < 100; position++) append(queue, rows, records(`t:${position} q1`));
  for (let position = 0; position < 100; position++) expect(textAt(queue, position)).toBe(`${position}`);
  expect(rows.reads).toBe(0);
});

test("beyond 4 MiB segments stay in their rows, and what follows them too", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, empty);
  for (let count = 0; count < 6; count++) append(queue, rows, mebibyte);
  append(queue, rows, records("t:last q1"));
  expect([textAt(queue, 6), rows.reads]).toEqual(["last", 0]);
  queue.settle();
  expect(textAt(queue, 6)).toBe("last");
  expect(rows.reads).toBeGreaterThan(0);
  expect(queue.bytes).toBe(rows.queueBounds()?.bytes);
});

test("a segment that is not stored is kept, however much there is", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, empty);
  for (let count = 0; count < 6; count++) append(queue, rows, mebibyte, 1, false);
  expect(textAt(queue, 5)).toBe(`${1024 * 1024}*x`);
  expect(queue.release(5)).toBe(false);
  expect(queue.release(6)).toBe(false);
  expect(queue.bytes).toBe(0);
});

test("after everything of a segment was sent, a resend reads its row", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, empty);
  append(queue, rows, records("t:0 q1", "t:1 q1"), 2);
  append(queue, rows, records("t:2 q1"));
  textAt(queue, 2);
  queue.sent(1);
  expect([textAt(queue, 0), rows.reads]).toEqual(["0", 0]);
  queue.sent(2);
  expect([textAt(queue, 0), rows.reads]).toEqual(["0", 1]);
  expect([textAt(queue, 1), textAt(queue, 0), textAt(queue, 2), rows.reads]).toEqual(["1", "0", "2", 1]);
});

test("rows go when a whole segment is finished, not before", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, empty);
  append(queue, rows, records("t:0 q1", "t:1 q1"), 2);
  append(queue, rows, records("t:2 q1"));
  expect([queue.release(1), queue.release(2), queue.release(2), queue.release(3)]).toEqual([false, true, false, true]);
});

test("after hibernation a queue releases rows that it does not know, and what was never stored", () => {
  const rows = new FakeQueue();
  const before = new Queue(rows, empty);
  append(before, rows, records("t:0 q1"), 1, false);
  append(before, rows, records("t:1 q1"));
  append(before, rows, records("t:2 q1"), 1, false);
  const queue = new Queue(rows, before.bounds);
  expect(textAt(queue, 1)).toBe("1");
  expect(queue.release(1)).toBe(false);
  expect(queue.release(2)).toBe(true);
  rows.deleteBelow(2);
  expect(queue.release(3)).toBe(false);
  expect(queue.bytes).toBe(0);
});

test("a hole is not read, and a row that promises more than it holds is noticed", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, { first: 0, end: 6, bytes: 0 });
  rows.put({ position: 4, count: 2, body: records("t:4 q1"), offered: true, atMs: 0 });
  expect(queue.read(2)).toBeUndefined();
  expect(textAt(queue, 4)).toBe("4");
  expect(() => queue.read(5)).toThrow(RangeError);
});

test("what is dropped is gone from memory and from the count; partly dropped segments stay", () => {
  const rows = new FakeQueue();
  const queue = new Queue(rows, empty);
  for (const first of [0, 2, 4, 6]) append(queue, rows, records(`t:${first} q1`, `t:${first + 1} q1`), 2);
  const { bytes } = queue;
  queue.drop(1, 7);
  rows.deleteWithin(1, 7);
  expect(queue.bytes).toBe(bytes / 2);
  expect([textAt(queue, 0), textAt(queue, 7), queue.read(3)]).toEqual(["0", "7", undefined]);
});
