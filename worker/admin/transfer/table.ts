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

export interface KnownRows<Row> {
  /** There is none of its key. */
  isNew(row: Row): boolean;
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
  check(rows: readonly Row[], known: KnownRows<Row>, importing: Importing): Promise<readonly RowProblem[]>;
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

/** Rows that are new, beyond what there may be. */
export function tooMany<Row>(
  rows: readonly Row[],
  isNew: (row: Row) => boolean,
  field: string,
  { known, max }: { readonly known: number; readonly max: number },
): RowProblem[] {
  const fresh = rows.flatMap((row, index) => (isNew(row) ? [index] : []));
  const first = fresh[Math.max(0, max - known)];
  return first === undefined ? [] : [{ row: first, field, message: `there may be ${max}, and there are ${known}` }];
}
