// The outbound window against a map from positions to what became of them.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Progress, Window } from "../../../src/queue/window.ts";

/** Says everything by looking at all positions. */
class NaiveWindow {
  head: number;
  next: number;
  dupBelow: number;
  progress = new Map<number, Progress>();
  dropped: [from: number, to: number][] = [];

  constructor(start: number) {
    this.head = start;
    this.next = start;
    this.dupBelow = start;
  }

  at(position: number): Progress {
    return this.progress.get(position) ?? Progress.untouched;
  }

  /** Positions sent on this connection and not finished. */
  get underway(): number[] {
    const positions: number[] = [];
    for (let position = this.head; position < this.next; position++) {
      if (this.at(position) !== Progress.done && !this.isDropped(position)) positions.push(position);
    }
    return positions;
  }

  unfinishedBefore(end: number): number {
    let count = 0;
    for (let position = this.head; position < end; position++) {
      if (this.at(position) !== Progress.done && !this.isDropped(position)) count++;
    }
    return count;
  }

  isDropped(position: number): boolean {
    return this.dropped.some(([from, to]) => position >= from && position < to);
  }

  drop(from: number, to: number): void {
    this.dropped.push([from, to]);
    this.passGap();
  }

  passGap(): void {
    while (this.isDropped(this.next)) this.next++;
    this.advance();
  }

  pass(progress: Progress): void {
    this.progress.set(this.next++, progress);
    this.advance();
  }

  rewind(): void {
    for (const [position, progress] of this.progress) {
      if (progress === Progress.sentQos1 || progress === Progress.sentQos2) this.progress.delete(position);
    }
    this.dupBelow = Math.max(this.dupBelow, this.next);
    this.next = this.head;
  }

  moveTo(head: number): void {
    this.head = Math.max(this.head, head);
    this.next = Math.max(this.next, this.head);
    this.passGap();
  }

  advance(): void {
    while (this.head < this.next && (this.at(this.head) === Progress.done || this.isDropped(this.head))) this.head++;
  }
}

type Command =
  | { readonly kind: "send"; readonly qos: 1 | 2 }
  | { readonly kind: "skip" | "rewind" | "hibernate" | "crash" }
  | { readonly kind: "finish" | "release"; readonly pick: number }
  | { readonly kind: "drop"; readonly ahead: number; readonly count: number }
  | { readonly kind: "moveTo"; readonly by: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("send" as const), qos: fc.constantFrom(1 as const, 2 as const) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom("finish" as const, "release" as const), pick: fc.nat(200) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("skip" as const, "hibernate" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("rewind" as const, "crash" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("moveTo" as const), by: fc.constantFrom(0, 1, 3, 70, 500) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("drop" as const),
      ahead: fc.nat(5),
      count: fc.constantFrom(1, 2, 5, 100),
    }),
  },
);

/** Around the turns of packet ids and of 32 bits. */
const start = fc.constantFrom(0, 1, 63, 65_530, 65_535, 131_065, 2 ** 31 - 5, 2 ** 32 - 5, 2 ** 40);

function run(window: Window, naive: NaiveWindow, command: Command): Window {
  switch (command.kind) {
    case "send": {
      window.passGap();
      naive.passGap();
      const progress = naive.at(naive.next);
      if (progress === Progress.released) {
        window.sendRelease();
        naive.pass(Progress.released);
      } else if (progress === Progress.done) {
        window.skip();
        naive.pass(Progress.done);
      } else {
        window.send(command.qos);
        naive.pass(command.qos === 2 ? Progress.sentQos2 : Progress.sentQos1);
      }
      return window;
    }
    case "skip":
      window.passGap();
      naive.passGap();
      if (naive.at(naive.next) === Progress.released) return window;
      window.skip();
      naive.pass(Progress.done);
      return window;
    case "finish":
    case "release": {
      const { underway } = naive;
      const position = underway[command.pick % Math.max(1, underway.length)];
      if (position === undefined) return window;
      if (command.kind === "finish") {
        window.finish(position);
        naive.progress.set(position, Progress.done);
        naive.advance();
      } else if (naive.at(position) === Progress.sentQos2) {
        window.release(position);
        naive.progress.set(position, Progress.released);
      }
      return window;
    }
    case "rewind":
      window.rewind();
      naive.rewind();
      naive.passGap();
      return window;
    case "drop": {
      // Never what is begun, and behind what was dropped before.
      const from = Math.max(naive.next, naive.dupBelow, window.gaps.at(-1)?.to ?? 0) + command.ahead;
      window.drop(from, from + command.count);
      naive.drop(from, from + command.count);
      return window;
    }
    case "moveTo":
      window.moveTo(naive.head + command.by);
      naive.moveTo(naive.head + command.by);
      return window;
    case "hibernate":
      return Window.restore(JSON.parse(JSON.stringify(window.snapshot())));
    case "crash":
      naive.rewind();
      return Window.restore(JSON.parse(JSON.stringify(window.rewound(Math.max(window.dupBelow, window.next)))));
  }
}

test("[MQTT-4.4.0-1] whatever happens, the window says what a map of all positions says", () => {
  fc.assert(
    fc.property(start, fc.array(command, { maxLength: 150, size: "max" }), (from, commands) => {
      const naive = new NaiveWindow(from);
      let window = new Window(from);
      let end = from;
      for (const command of commands) {
        window = run(window, naive, command);
        const { underway } = naive;
        expect([window.head, window.next, window.dupBelow]).toEqual([naive.head, naive.next, naive.dupBelow]);
        expect(window.inflight).toBe(underway.length);
        end = Math.max(end, naive.next, ...naive.dropped.map(([, to]) => to));
        expect(window.unfinishedBefore(end)).toBe(naive.unfinishedBefore(end));
        for (const position of underway) {
          expect(window.progressAt(position)).toBe(naive.at(position));
          expect(window.positionOf(window.packetIdAt(position))).toBe(position);
        }
        if (!window.spanIsFull) expect(window.positionOf(window.packetIdAt(naive.next))).toBeUndefined();
      }
    }),
    { numRuns: 400 },
  );
});
