// A table of the control database as it is exported and imported: what a row looks like, and how many at once come and go.

import type * as z from "zod/mini";
import type { Control } from "../../d1/control.ts";
import type { Found, Key } from "../../d1/seen.ts";
import type { Shape } from "../../d1/shape.ts";
import type { Env } from "../../env.ts";
import { ProblemError } from "../problem.ts";
import type { Columns } from "./csv.ts";

export interface Exported {
  readonly items: readonly unknown[];
  /** For the next ones; undefined: these were the last. */
  readonly next: string | undefined;
}

export interface Importing {
  readonly env: Env;
  readonly control: Control;
  readonly nowMs: number;
}

/** A field of a row that is not as it has to be. */
export interface RowProblem {
  readonly row: number;
  readonly field: string;
  readonly message: string;
}

export interface Table {
  /** In the address: `users`. */
  readonly name: string;
  /** What the export has and what it has not. */
  readonly about: string;
  readonly columns: Columns;
  /** As it is exported. */
  readonly item: z.ZodMiniType;
  export(control: Control, after: string, limit: number): Promise<Exported>;
  /** Absent: it is not imported. */
  readonly intake?: Intake;
}

/** As a backup has it. */
export interface SavedTable extends Pick<Table, "name" | "export"> {
  readonly intake: Intake;
}

export interface KnownRows<Row, Item> {
  /** What is there under its key, and is replaced by it. */
  before(row: Row): Item | undefined;
  /** Of what `needs` has looked for, by its name. */
  isThere(needed: string): boolean;
}

/** How rows are taken in. */
export interface Intake<Schema extends z.ZodMiniType = z.ZodMiniType, Item = unknown, Row = z.output<Schema>> {
  readonly row: Schema;
  readonly shape: Shape<Item>;
  /** Undefined: it is new, and gets one. */
  keyOf(row: Row): Key | undefined;
  /** What of other tables the rows name, and has to be there. */
  needs?(rows: readonly Row[], control: Control): Promise<Found<unknown>>;
  /** What no schema of one row can say. */
  check(rows: readonly Row[], known: KnownRows<Row, Item>, importing: Importing): Promise<readonly RowProblem[]>;
  /** `there`: by key, those that are there already. */
  put(
    rows: readonly Row[],
    there: ReadonlyMap<string, Item>,
    importing: Importing,
  ): Promise<readonly D1PreparedStatement[]>;
  /** Whom a row concerns: see worker/auth/subjects.ts. Asked of one that is replaced, too: it may have been somebody else's. */
  concerns(row: Row | Item): string | undefined;
  /** What else has to become so of rows that were replaced, once they are written. */
  carryOut?(replaced: readonly Row[], revision: number, importing: Importing): Promise<void>;
}

/** Says what the rows are; whoever takes them in need not know. */
export function intake<Schema extends z.ZodMiniType, Item>(one: Intake<Schema, Item>): Intake {
  return one as unknown as Intake;
}

export function exported<Item>(
  items: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string,
  show: (item: Item) => unknown = (item) => item,
): Exported {
  const last = items.at(-1);
  return { items: items.map(show), next: items.length < limit || last === undefined ? undefined : cursorOf(last) };
}

/** What a check of one request says, about rows. */
export function checkEach<Row>(rows: readonly Row[], check: (row: Row) => void): RowProblem[] {
  return rows.flatMap((row, index) => {
    try {
      check(row);
      return [];
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { errors = [] } = error.problem;
      return errors.map(({ path, message }) => ({ row: index, field: path.replace(/^body\./, ""), message }));
    }
  });
}

/** How many rows of a table there may be: of the whole table, or for each who has any. */
export interface Quota<Counted> {
  /** Whose it is; undefined: it does not count. */
  ownerOf(row: Counted): string | undefined;
  readonly known: ReadonlyMap<string, number>;
  readonly max: number;
  /** Where a row that is too much says whose it is. */
  readonly field: string;
}

/** Rows with which there would be more than there may be, the first for each owner. What is replaced makes room where it was. */
export function tooMany<Row, Item>(
  rows: readonly Row[],
  { before }: Pick<KnownRows<Row, Item>, "before">,
  { ownerOf, known, max, field }: Quota<Row | Item>,
): RowProblem[] {
  const counts = new Map(known);
  const add = (owner: string, count: number) => counts.set(owner, (counts.get(owner) ?? 0) + count);
  const moves = rows.map((row, index) => {
    const item = before(row);
    return { index, from: item === undefined ? undefined : ownerOf(item), to: ownerOf(row) };
  });
  for (const { from, to } of moves) if (from !== undefined && from !== to) add(from, -1);
  const named = new Set<string>();
  return moves.flatMap(({ index, from, to }) => {
    if (to === undefined || from === to) return [];
    add(to, 1);
    if ((counts.get(to) ?? 0) <= max || named.has(to)) return [];
    named.add(to);
    return [{ row: index, field, message: `there may be ${max}, and there are ${known.get(to) ?? 0}` }];
  });
}

/** Of the whole table. */
export function quotaOf(field: string, known: number, max: number): Quota<unknown> {
  return { ownerOf: () => "", known: new Map([["", known]]), max, field };
}
