// The inbound identifiers of QoS 2 against a map, and their rows against the memory they are to restore.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Inbound, type InboundRuns } from "../../../src/session/inbound.ts";

const packetIds = 65_535;
/** What one row may have: a message costs no more than this and the row that says how many there are. */
const rowBytesMax = 30_000;

/** The rows as a store keeps them. */
class Rows {
  main: { nextSequence: number; runs: InboundRuns; paged?: true } = { nextSequence: 1, runs: [] };
  readonly pages = new Map<number, InboundRuns>();
  written = 0;
  largest = 0;

  write(inbound: Inbound): void {
    const changes = inbound.takeChanges();
    if (changes === undefined) return;
    this.#put(changes.inbound);
    this.main = changes.inbound;
    for (const { page, runs } of changes.pages) {
      this.#put({ runs });
      this.pages.set(page, runs);
    }
    if (changes.dropsPages) this.pages.clear();
  }

  read(): Inbound {
    const runs = this.main.paged === true ? [...this.pages.values()].flat() : this.main.runs;
    return new Inbound(JSON.parse(JSON.stringify({ ...this.main, runs })));
  }

  #put(row: object): void {
    this.written++;
    this.largest = Math.max(this.largest, JSON.stringify(row).length);
  }
}

type Command =
  | { readonly kind: "receive"; readonly from: number; readonly count: number; readonly stride: number }
  | { readonly kind: "free"; readonly from: number; readonly count: number; readonly stride: number }
  | { readonly kind: "crash" };

const span = {
  from: fc.integer({ min: 1, max: packetIds }),
  count: fc.constantFrom(1, 2, 100, 1_500, 20_000),
  stride: fc.constantFrom(1, 2, 1_023, 1_024, 4_001, packetIds - 1),
};

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("receive" as const), ...span }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("free" as const), ...span }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
);

function* identifiers({ from, count, stride }: { from: number; count: number; stride: number }): Generator<number> {
  for (let index = 0; index < count; index++) yield ((from - 1 + index * stride) % packetIds) + 1;
}

test("[MQTT-4.3.3-10] whatever is taken and freed, the rows restore it, and none is large", () => {
  fc.assert(
    fc.property(
      // Sequences have up to sixteen digits.
      fc.constantFrom(1, 2 ** 53 - 2_000_000),
      fc.array(command, { maxLength: 12, size: "max" }),
      (nextSequence, commands) => {
        const rows = new Rows();
        rows.main = { nextSequence, runs: [] };
        let inbound = rows.read();
        let next = nextSequence;
        const naive = new Map<number, number>();
        for (const one of commands) {
          if (one.kind === "crash") {
            inbound = rows.read();
            continue;
          }
          for (const packetId of identifiers(one)) {
            if (one.kind === "free") expect(inbound.free(packetId)).toBe(naive.delete(packetId));
            else if (inbound.entry(packetId) === undefined) {
              inbound.receive(packetId);
              naive.set(packetId, next++);
            }
          }
          rows.write(inbound);
          expect([inbound.size, inbound.nextSequence]).toEqual([naive.size, next]);
        }
        const restored = rows.read();
        expect([restored.size, restored.nextSequence]).toEqual([naive.size, next]);
        for (const [packetId, sequence] of naive) {
          if (restored.entry(packetId)?.sequence !== sequence) throw new Error(`identifier ${packetId}`);
        }
        expect(rows.largest).toBeLessThan(rowBytesMax);
      },
    ),
    { numRuns: 60 },
  );
});

test("65,535 open identifiers, released in a scattered order: two small rows for each release", () => {
  const rows = new Rows();
  const inbound = new Inbound({ nextSequence: 2 ** 52, runs: [] });
  // Taken in a scattered order too, so that no two neighbours are in a row.
  for (const packetId of identifiers({ from: 1, count: packetIds, stride: 4_001 })) inbound.receive(packetId);
  rows.write(inbound);
  expect(rows.written).toBe(65);
  rows.written = 0;
  const releases = 4_000;
  for (const packetId of identifiers({ from: 7, count: releases, stride: 30_011 })) {
    inbound.free(packetId);
    rows.write(inbound);
  }
  expect(rows.written).toBe(releases * 2);
  expect(rows.largest).toBeLessThan(rowBytesMax);
  expect(rows.read().size).toBe(packetIds - releases);
});

test("up to 1,024 open identifiers are one row, which earlier versions read", () => {
  const rows = new Rows();
  const inbound = new Inbound();
  for (let packetId = 1; packetId <= 1_024; packetId++) inbound.receive(packetId * 61);
  rows.write(inbound);
  expect([rows.main.paged, rows.main.runs.length, rows.pages.size]).toEqual([undefined, 1_024, 0]);
  inbound.receive(65_000);
  rows.write(inbound);
  expect([rows.main.paged, rows.main.runs.length, rows.pages.size > 0]).toEqual([true, 0, true]);
  // Back only when they are a good deal fewer.
  for (let packetId = 1; packetId <= 512; packetId++) inbound.free(packetId * 61);
  rows.write(inbound);
  expect(rows.main.paged).toBe(true);
  inbound.free(65_000);
  rows.write(inbound);
  expect([rows.main.paged, rows.main.runs.length, rows.pages.size]).toEqual([undefined, 512, 0]);
});

test.each([
  ["has come again", (inbound: Inbound) => inbound.receive(1).stream],
  ["is released", (inbound: Inbound) => inbound.free(1)],
])("an earlier stream takes new messages again when what it waited for %s", (_what, end) => {
  const inbound = new Inbound({ nextSequence: 6, runs: [[1, 5, 1]] });
  inbound.awaitAll();
  expect(inbound.receive(2).stream).toBe(1);
  end(inbound);
  expect(inbound.receive(3)).toMatchObject({ sequence: 7, stream: 0 });
});
