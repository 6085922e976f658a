// Windows as they are written down and read again, however long and however torn they are.

import fc from "fast-check";
import { expect, test } from "vitest";
import { readProgress, writeProgress } from "../../../src/queue/progress.ts";
import { Progress, Window } from "../../../src/queue/window.ts";

const packetIds = 65_535;
const kind = fc.constantFrom(...Object.values(Progress));

/** Stretches of equal progress, and stretches in which each is another. */
const progress = fc
  .array(
    fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 70_000 }), kind).map(([count, one]) => Array(count).fill(one)),
      fc.tuple(fc.integer({ min: 1, max: 5_000 }), kind, kind).map(([count, one, other]) => {
        return Array.from({ length: count }, (_unused, index) => (index % 2 === 0 ? one : other));
      }),
      fc.array(kind, { maxLength: 5_000, size: "max" }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => Uint8Array.from(parts.flat().slice(0, packetIds)));

function withoutUntouchedEnd(values: Uint8Array): Uint8Array {
  const end = values.findLastIndex((value) => value !== Progress.untouched);
  return values.subarray(0, end + 1);
}

test("what was written is read again, and takes no more than half a byte more for each position", () => {
  fc.assert(
    fc.property(progress, (values) => {
      const text = JSON.stringify(writeProgress(values));
      const again = readProgress(JSON.parse(text));
      expect(Buffer.compare(withoutUntouchedEnd(again), withoutUntouchedEnd(values))).toBe(0);
      expect(text.length).toBeLessThan(Math.max(16_000, values.length / 2 + 40));
    }),
    { numRuns: 200 },
  );
});

test("the worst that 1,024 in flight can come to is written as runs, which earlier versions read", () => {
  // Each of them alone between finished ones.
  const values = Uint8Array.from({ length: 2_049 }, (_unused, index) => {
    return index % 2 === 0 ? Progress.done : Progress.sentQos2;
  });
  expect(writeProgress(values)).toMatchObject({ runs: { length: 2_049 } });
  expect(writeProgress(values).letters).toBeUndefined();
});

interface Life {
  readonly start: number;
  readonly qos: readonly (1 | 2)[];
  /** For each in flight: 0 leaves it, 1 moves it on, 2 finishes it. */
  readonly moves: readonly number[];
}

const life: fc.Arbitrary<Life> = fc.record({
  start: fc.constantFrom(0, 65_530, 2 ** 32 - 5, 2 ** 40),
  qos: fc.array(fc.constantFrom(1 as const, 2 as const), { minLength: 1, maxLength: 50 }),
  moves: fc.array(fc.nat(2), { minLength: 1, maxLength: 50 }),
});

function live({ start, qos, moves }: Life): Window {
  const window = new Window(start);
  for (let index = 0; !window.spanIsFull; index++) window.send(qos[index % qos.length] as 1 | 2);
  for (let index = 0; index < packetIds; index++) {
    const position = start + index;
    const move = moves[index % moves.length];
    if (move === 1 && window.progressAt(position) === Progress.sentQos2) window.release(position);
    if (move === 2) window.finish(position);
  }
  return window;
}

function stateOf(window: Window) {
  const { head, next, inflight } = window;
  const progress = Array.from({ length: next - head }, (_unused, offset) => window.progressAt(head + offset));
  return { head, next, inflight, unfinished: window.unfinishedBefore(next), progress: progress.join("") };
}

test("a window of 65,535 messages is the same after hibernation, and as the next connection needs it", () => {
  fc.assert(
    fc.property(life, (one) => {
      const window = live(one);
      const restored = Window.restore(JSON.parse(JSON.stringify(window.snapshot())));
      expect(stateOf(restored)).toEqual(stateOf(window));

      const { dupBelow } = window;
      const written = JSON.parse(JSON.stringify(window.rewound(dupBelow)));
      const resumed = Window.restore(written);
      window.rewind();
      expect(resumed.head).toBe(window.head);
      expect(resumed.inflight).toBe(0);
      for (let position = window.head; position < window.head + packetIds; position++) {
        if (resumed.progressAt(position) !== window.progressAt(position)) throw new Error(`position ${position}`);
      }
    }),
    { numRuns: 30 },
  );
});
