// The last QoS 2 message of each publisher that was routed: what makes a repeated message be routed once. Durable,
// because a publisher's client may come back with its message days later.

import { rowOf, rowsToPut } from "../hop/generations.ts";
import { RecordReader } from "../queue/record.ts";
import type { ShardChange, ShardReads, StoredCursor } from "./changes.ts";

const rememberedMax = 10_000;

/** A session's wills are a source of their own, and so is each stream of its numbers. */
export function sourceName(session: string, isWill: boolean, stream: number): string {
  if (isWill) return `!${session}`;
  return stream === 0 ? `=${session}` : `=${stream} ${session}`;
}

export class SourceCursors {
  readonly #reads: ShardReads;
  readonly #remembered = new Map<string, StoredCursor>();

  constructor(reads: ShardReads) {
    this.#reads = reads;
  }

  /** Messages of this source up to the answer were routed. */
  get(source: string, generation: number): number {
    return this.#cursor(rowOf(source, generation, this.#cursor(source)))?.sequence ?? 0;
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
    // Without a number there is nothing to ask the database about, which most publishers would do for each batch in vain.
    if (sequence === 0 || sequence <= this.get(source, generation)) return [];
    const cursor = { generation, sequence, atMs: nowMs };
    const { rows, forgotten } = rowsToPut(source, cursor, this.#cursor(source));
    for (const row of rows) this.#remember(row.name, row.cursor);
    return [
      ...(forgotten === undefined ? [] : [{ kind: "delete-sources", ...forgotten } as const]),
      ...rows.map((row) => ({ kind: "put-source", source: row.name, cursor: row.cursor }) as const),
    ];
  }

  /** From a backup, under the name of its row; undefined if what is known is not behind it. */
  restore(source: string, cursor: StoredCursor): ShardChange | undefined {
    const known = this.#cursor(source);
    const isBehind =
      known === undefined ||
      known.generation < cursor.generation ||
      (known.generation === cursor.generation && known.sequence < cursor.sequence);
    if (!isBehind) return undefined;
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
