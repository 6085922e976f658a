// A queue of segments, in memory and in rows, against a list of its messages.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Queue } from "../../../src/queue/queue.ts";
import { FakeQueue } from "../../support/fake-queue.ts";
import { payloadText, records } from "../../support/records.ts";

type Command =
  | { readonly kind: "append"; readonly count: number; readonly large: boolean; readonly offered: boolean }
  | { readonly kind: "send" | "finish"; readonly count: number }
  | { readonly kind: "rewind" | "hibernate" | "wake" }
  | { readonly kind: "read"; readonly pick: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 4 }),
      large: fc.boolean(),
      offered: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("send" as const, "finish" as const),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("read" as const), pick: fc.nat(100) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("rewind" as const, "hibernate" as const, "wake" as const) }),
  },
);

class World {
  readonly rows = new FakeQueue();
  queue = new Queue(this.rows, { first: 0, end: 0, bytes: 0 });
  head = 0;
  next = 0;
  end = 0;

  run(command: Command): void {
    const { rows } = this;
    switch (command.kind) {
      case "append": {
        const texts = Array.from({ length: command.count }, (_, index) => `t:${this.end + index} q1`);
        // Four of these are more than is held in memory.
        if (command.large) texts[0] = `t${"x".repeat(60_000)}:${this.end} q1 `;
        const { offered } = command;
        this.queue.settle();
        const options = { offered, stored: true, next: this.next, atMs: 0 };
        const segment = this.queue.append(records(...texts), command.count, options);
        expect(segment.position).toBe(this.end);
        rows.put(segment);
        this.end += command.count;
        return;
      }
      case "send":
        for (let sent = 0; sent < command.count && this.next < this.end; sent++) this.expectAt(this.next++);
        this.queue.sent(this.next);
        return;
      case "finish":
        this.head = Math.min(this.next, this.head + command.count);
        if (this.queue.release(this.head)) rows.deleteBelow(this.head);
        return;
      case "rewind":
        this.next = this.head;
        return;
      case "hibernate":
        this.queue = new Queue(rows, JSON.parse(JSON.stringify(this.queue.bounds)));
        return;
      case "wake": {
        this.queue = new Queue(rows, rows.queueBounds() ?? { first: this.end, end: this.end, bytes: 0 });
        return;
      }
      case "read":
        // Anywhere, as a drop or a resend reads.
        if (this.end > this.head) this.expectAt(this.head + (command.pick % (this.end - this.head)));
        return;
    }
  }

  expectAt(position: number): void {
    const found = this.queue.read(position);
    expect(found && payloadText(found.reader.payload)).toBe(`${position}`);
    const row = this.rows.segmentFrom(position);
    expect(found?.offered).toBe(row?.offered);
  }

  check(): void {
    expect(this.queue.end).toBe(this.end);
    const stored = this.rows.queueBounds();
    expect(this.queue.bytes).toBe(stored?.bytes ?? 0);
    // No row holds only finished messages.
    expect(stored?.first ?? this.head).toBeGreaterThan(this.head - 5);
    const [oldest] = [...this.rows.rows.values()].sort((left, right) => left.position - right.position);
    if (oldest !== undefined) expect(oldest.position + oldest.count).toBeGreaterThan(this.head);
  }
}

test("whatever is appended is read at its position until it is finished, and then its row goes", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80, size: "max" }), (commands) => {
      const world = new World();
      for (const command of commands) {
        world.run(command);
        world.check();
      }
      while (world.next < world.end) world.run({ kind: "send", count: 6 });
      world.run({ kind: "finish", count: world.end });
      expect(world.rows.rows.size).toBe(0);
      expect(world.queue.bytes).toBe(0);
    }),
    { numRuns: 300 },
  );
});
