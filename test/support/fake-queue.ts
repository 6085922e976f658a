// The stored part of a queue in a map, for tests of the part in memory.

import type { QueueBounds, QueueReads, Segment } from "../../src/queue/queue.ts";

export class FakeQueue implements QueueReads {
  readonly rows = new Map<number, Segment>();
  reads = 0;

  put(segment: Segment): void {
    this.rows.set(segment.position, segment);
  }

  deleteBelow(position: number): void {
    for (const row of this.#sorted()) if (row.position + row.count <= position) this.rows.delete(row.position);
  }

  deleteWithin(from: number, to: number): void {
    for (const row of this.#within(from, to)) this.rows.delete(row.position);
  }

  segmentFrom(position: number): Segment | undefined {
    this.reads++;
    return this.#sorted().find((row) => row.position + row.count > position);
  }

  queueBounds(): QueueBounds | undefined {
    const rows = this.#sorted();
    const [first] = rows;
    const last = rows.at(-1);
    if (first === undefined || last === undefined) return undefined;
    return { first: first.position, end: last.position + last.count, bytes: sum(rows) };
  }

  bytesWithin(from: number, to: number): number {
    return sum(this.#within(from, to));
  }

  offeredEnd(from: number): number {
    const offered = this.#sorted().filter((row) => row.position >= from && row.offered);
    return Math.max(0, ...offered.map((row) => row.position + row.count));
  }

  #within(from: number, to: number): Segment[] {
    return this.#sorted().filter((row) => row.position >= from && row.position + row.count <= to);
  }

  #sorted(): Segment[] {
    return [...this.rows.values()].sort((left, right) => left.position - right.position);
  }
}

function sum(rows: readonly Segment[]): number {
  return rows.reduce((bytes, row) => bytes + row.body.length, 0);
}
