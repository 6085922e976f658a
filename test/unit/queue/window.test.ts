// Packet identifiers, and the bounds of the outbound window.

import { expect, test } from "vitest";
import { Progress, Window } from "../../../src/queue/window.ts";

const packetIds = 65_535;

test.each([0, 1, 65_534, 65_535, 1_000_003, 2 ** 33])(
  "[MQTT-2.2.1-4] from position %i on, 65,535 messages in flight have 65,535 identifiers, none of them 0",
  (start) => {
    const window = new Window(start);
    const seen = new Set<number>();
    while (!window.spanIsFull) {
      seen.add(window.packetIdAt(window.next));
      window.send(1);
    }
    expect(window.inflight).toBe(packetIds);
    expect(seen.size).toBe(packetIds);
    expect(Math.min(...seen)).toBe(1);
    expect(Math.max(...seen)).toBe(packetIds);
    for (let position = start; position < start + packetIds; position += 997) {
      expect(window.positionOf(window.packetIdAt(position))).toBe(position);
    }
  },
);

test("the span is full as long as its first message is unfinished, however many behind it are finished", () => {
  const window = new Window(10);
  while (!window.spanIsFull) window.send(1);
  for (let position = 11; position < 10 + packetIds; position++) window.finish(position);
  expect([window.spanIsFull, window.inflight, window.unfinishedBefore(window.next), window.head]).toEqual([
    true,
    1,
    1,
    10,
  ]);
  window.finish(10);
  expect([window.spanIsFull, window.inflight, window.unfinishedBefore(window.next), window.head]).toEqual([
    false,
    0,
    0,
    10 + packetIds,
  ]);
});

test("what lies before the head is finished, whatever lies in its place in memory by then", () => {
  const window = new Window();
  for (let sent = 0; sent < 2; sent++) window.send(1);
  window.finish(0);
  window.send(1);
  expect([0, 1, 2, 3].map((position) => window.progressAt(position))).toEqual([
    Progress.done,
    Progress.sentQos1,
    Progress.sentQos1,
    Progress.untouched,
  ]);
});

test("what is finished behind an unfinished message stays finished after a rewind", () => {
  const window = new Window();
  for (const qos of [1, 2, 2, 1] as const) window.send(qos);
  window.finish(3);
  window.release(1);
  window.rewind();
  expect([0, 1, 2, 3].map((position) => window.progressAt(position))).toEqual([
    Progress.untouched,
    Progress.released,
    Progress.untouched,
    Progress.done,
  ]);
  expect(window).toMatchObject({ head: 0, next: 0, dupBelow: 4, inflight: 0 });
  expect(window.unfinishedBefore(4)).toBe(3);
});

test("a snapshot is short: runs of equal progress, none for what was not touched", () => {
  const window = new Window(5);
  for (let count = 0; count < 1000; count++) window.send(1);
  window.finish(6);
  expect(window.snapshot()).toEqual({
    head: 5,
    next: 1005,
    dupBelow: 5,
    gaps: [],
    runs: [
      [1, Progress.sentQos1],
      [1, Progress.done],
      [998, Progress.sentQos1],
    ],
  });
  expect(window.rewound(1005).runs).toEqual([
    [1, Progress.untouched],
    [1, Progress.done],
  ]);
});

test("a snapshot of many runs is two positions to a letter", () => {
  const window = new Window(5);
  for (let count = 0; count < 3_000; count++) window.send(count % 3 === 0 ? 2 : 1);
  for (let position = 6; position < 3_000; position += 2) window.finish(position);
  const { runs, letters, ...rest } = window.snapshot();
  expect(rest).toEqual({ head: 5, next: 3_005, dupBelow: 5, gaps: [] });
  expect(runs).toEqual([]);
  // QoS 2 and done, QoS 1 and done, the same again.
  expect(letters).toMatch(/^(>99){499}/);
  expect(letters).toHaveLength(1_500);
});

test("a jump over a billion positions is a jump", () => {
  const window = new Window();
  window.send(1);
  window.moveTo(1_000_000_000);
  expect(window).toMatchObject({ head: 1_000_000_000, next: 1_000_000_000, inflight: 0 });
});

test("what was dropped is passed over: at once at the head, later behind what is unfinished", () => {
  const window = new Window();
  window.send(1);
  window.drop(1, 4);
  expect([window.head, window.next, window.unfinishedBefore(6)]).toEqual([0, 4, 3]);
  window.rewind();
  expect([window.head, window.next, window.unfinishedBefore(6)]).toEqual([0, 0, 3]);
  window.send(1);
  expect(window.passGap()).toBe(true);
  window.send(1);
  window.finish(0);
  expect([window.head, window.next, window.inflight, window.gaps]).toEqual([4, 5, 1, []]);
  window.drop(5, 7);
  expect([window.next, window.gaps]).toEqual([7, [{ from: 5, to: 7 }]]);
  window.drop(7, 9);
  expect([window.next, window.gaps]).toEqual([9, [{ from: 5, to: 9 }]]);
});

test("a queue that begins within what was dropped counts it once", () => {
  const window = Window.restore({ head: 0, next: 0, dupBelow: 0, gaps: [{ from: 3, to: 10 }], runs: [] });
  window.moveTo(8);
  expect(window.unfinishedBefore(12)).toBe(2);
});
