// The last QoS 2 message of each publisher that was routed: what makes a repeated message be routed once. Durable,
// because a publisher's client may come back with its message days later.
//
// Each generation of a publisher's session has a cursor of its own: a call of one that its client has replaced may run, or
// run again, behind those of its successor. And a successor's generation need not be the higher one: it is a time, and a session
// that has no rows left knows no better than its clock. The highest is in the row under the publisher's name, where earlier
// versions look for it.

import { RecordReader } from "../queue/record.ts";
import type { ShardChange, ShardReads, StoredCursor } from "./changes.ts";

const rememberedMax = 10_000;
/** No call of a session that was replaced runs later than this. */
const replacedKeptMs = 3_600_000;

/** A session's wills are a source of their own, and so is each stream of its numbers. */
export function sourceName(session: string, isWill: boolean, stream: number): string {
  if (isWill) return `!${session}`;
  return stream === 0 ? `=${session}` : `=${stream} ${session}`;
}

/** What the names of all rows of its other generations begin with, and no other row's name does. */
function othersOf(source: string): string {
  return `~${source.length} ${source} `;
}

export class SourceCursors {
  readonly #reads: ShardReads;
  readonly #remembered = new Map<string, StoredCursor>();

  constructor(reads: ShardReads) {
    this.#reads = reads;
  }

  /** Messages of this source up to the answer were routed. */
  get(source: string, generation: number): number {
    const highest = this.#cursor(source);
    if (highest === undefined || highest.generation === generation) return highest?.sequence ?? 0;
    return this.#cursor(`${othersOf(source)}${generation}`)?.sequence ?? 0;
  }

  /**
   * The batch was routed, but for the messages that were refused: the cursor stops before the first of them, which may
   * come again under the same sequence.
   */
  advance(
    source: string,
    generation: number,
    body: Uint8Array,
    refused: readonly number[],
    nowMs: number,
  ): ShardChange[] {
    const reader = new RecordReader(body);
    const end = refused[0] ?? Number.POSITIVE_INFINITY;
    let sequence = 0;
    for (let index = 0; index < end && reader.next(); index++) sequence = Math.max(sequence, reader.sequence);
    if (sequence <= this.get(source, generation)) return [];
    const cursor = { generation, sequence, atMs: nowMs };
    const highest = this.#cursor(source);
    const others = othersOf(source);
    if (highest !== undefined && highest.generation > generation) return [this.#put(`${others}${generation}`, cursor)];
    if (highest === undefined || highest.generation === generation) return [this.#put(source, cursor)];
    const beforeMs = nowMs - replacedKeptMs;
    const replaced = highest.atMs < beforeMs ? [] : [this.#put(`${others}${highest.generation}`, highest)];
    return [{ kind: "delete-sources", prefix: others, beforeMs }, ...replaced, this.#put(source, cursor)];
  }

  #put(source: string, cursor: StoredCursor): ShardChange {
    this.#remember(source, cursor);
    return { kind: "put-source", source, cursor };
  }

  #cursor(source: string): StoredCursor | undefined {
    const known = this.#remembered.get(source);
    if (known !== undefined) return known;
    const stored = this.#reads.source(source);
    if (stored !== undefined) this.#remember(source, stored);
    return stored;
  }

  #remember(source: string, cursor: StoredCursor): void {
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(source, cursor);
  }
}
