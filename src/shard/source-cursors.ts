// The last QoS 2 message of each publisher that was routed: what makes a repeated message be routed once. Durable,
// because a publisher's client may come back with its message days later.

import { RecordReader } from "../queue/record.ts";
import type { ShardChange, ShardReads, StoredCursor } from "./changes.ts";

type Cursor = Omit<StoredCursor, "atMs">;

const rememberedMax = 10_000;

/** A session's wills are a source of their own, and so is each stream of its numbers. */
export function sourceName(session: string, isWill: boolean, stream: number): string {
  if (isWill) return `!${session}`;
  return stream === 0 ? `=${session}` : `=${stream} ${session}`;
}

function isOfWills(source: string): boolean {
  return source.startsWith("!");
}

export class SourceCursors {
  readonly #reads: ShardReads;
  readonly #remembered = new Map<string, Cursor>();

  constructor(reads: ShardReads) {
    this.#reads = reads;
  }

  /** Messages of this source up to the answer were routed. */
  get(source: string, generation: number): number {
    const cursor = this.#cursor(source);
    if (cursor === undefined || cursor.generation < generation) return 0;
    if (cursor.generation === generation) return cursor.sequence;
    // Its client has begun anew, and given up what it had no acknowledgement of: a call of before may have been carried out
    // by an earlier life already, whose cursor is gone. A will is nobody's to give up.
    return isOfWills(source) ? 0 : Number.POSITIVE_INFINITY;
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
    const known = this.#cursor(source);
    // Words of a session that a later one has replaced do not count.
    if (sequence === 0 || (known !== undefined && known.generation > generation)) return [];
    if (known?.generation === generation && known.sequence >= sequence) return [];
    this.#remember(source, { generation, sequence });
    return [{ kind: "put-source", source, cursor: { generation, sequence, atMs: nowMs } }];
  }

  #cursor(source: string): Cursor | undefined {
    const known = this.#remembered.get(source);
    if (known !== undefined) return known;
    const stored = this.#reads.source(source);
    if (stored !== undefined) this.#remember(source, stored);
    return stored;
  }

  #remember(source: string, cursor: Cursor): void {
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(source, cursor);
  }
}
