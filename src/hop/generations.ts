// Cursors of the generations of one source: how far each one's numbered messages were taken over. Each generation of a
// publisher's session has a cursor of its own, since a call of one that its client has replaced may run, or run again, behind
// those of its successor. And a successor's generation need not be the higher one: it is a time, and a session that has no rows
// left knows no better than its clock. The highest is in the row under the source's name, where earlier versions look for it;
// the others are in rows beside it, for an hour.

/** Lives of an object that begin in one millisecond are told apart by as many numbers. */
export const livesPerMillisecond = 1024;

/**
 * The generation of a new session: above the last one that is known, and never one that its client id had before, as far as
 * chance can have it, although a session leaves nothing behind and clocks go back. `life` is of the object.
 */
export function nextGeneration(nowMs: number, life: number, last: number): number {
  return Math.max(nowMs * livesPerMillisecond + (life % livesPerMillisecond), last + 1);
}

export interface GenerationCursor {
  readonly generation: number;
  readonly sequence: number;
  /** When it last moved. */
  readonly atMs: number;
}

/** What is to be written: rows by their names, and before that the rows to delete whose names begin so, if they are older. */
export interface CursorRows {
  readonly rows: readonly { readonly name: string; readonly cursor: GenerationCursor }[];
  readonly forgotten: { readonly prefix: string; readonly beforeMs: number } | undefined;
}

/** No call of a session that was replaced runs later than this. */
const replacedKeptMs = 3_600_000;

/** What the names of all rows beside a source's begin with, and no other row's name does. */
function beside(source: string): string {
  return `~${source.length} ${source} `;
}

/** The row that has the cursor of a generation, if any has: `highest` is what the source's own row has. */
export function rowOf(source: string, generation: number, highest: GenerationCursor | undefined): string {
  return highest === undefined || highest.generation === generation ? source : `${beside(source)}${generation}`;
}

export function rowsToPut(source: string, cursor: GenerationCursor, highest: GenerationCursor | undefined): CursorRows {
  const isHighest = highest === undefined || highest.generation <= cursor.generation;
  const name = isHighest ? source : rowOf(source, cursor.generation, highest);
  const rows = [{ name, cursor }];
  if (!isHighest || highest === undefined || highest.generation === cursor.generation) {
    return { rows, forgotten: undefined };
  }
  const prefix = beside(source);
  const beforeMs = cursor.atMs - replacedKeptMs;
  if (highest.atMs >= beforeMs) rows.unshift({ name: `${prefix}${highest.generation}`, cursor: highest });
  return { rows, forgotten: { prefix, beforeMs } };
}
