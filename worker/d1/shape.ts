// How rows are written: one or thousands by the same statement, whose one binding is a JSON list. The platform counts statements and
// bindings, and a list of any length is one of each.

import type { Control, Row } from "./control.ts";

export type Cell = string | number | null;

export interface Shape<Item> {
  readonly table: string;
  /** The columns of its primary key. */
  readonly key: readonly string[];
  toItem(row: Row): Item;
  /** By column, what an item has in it. */
  readonly columns: Readonly<Record<string, (item: Item) => Cell>>;
}

/** Of one binding: the platform takes 2 MB. */
const charactersMax = 500_000;

/** Makes them, or replaces those that have the same key; when they were made stays. */
export function put<Item>(control: Control, shape: Shape<Item>, items: readonly Item[]): D1PreparedStatement[] {
  const names = Object.keys(shape.columns);
  const values = names.map((_, index) => `value ->> '$[${index}]'`);
  const changing = names.filter((name) => !shape.key.includes(name) && name !== "created_at_ms");
  const sql = `INSERT INTO ${shape.table} (${names.join(", ")}) SELECT ${values.join(", ")} FROM json_each(?) WHERE TRUE
    ON CONFLICT DO UPDATE SET ${changing.map((name) => `${name} = excluded.${name}`).join(", ")}`;
  const rows = items.map((item) => JSON.stringify(cellsOf(shape, item)));
  return lists(rows).map((list) => control.statement(sql, list));
}

export function cellsOf<Item>({ columns }: Shape<Item>, item: Item): Cell[] {
  return Object.values(columns).map((cellOf) => readable(cellOf(item)));
}

/** What is no Unicode would be read as something else than what is stored, and so seem changed. */
function readable(cell: Cell): Cell {
  return typeof cell === "string" ? cell.toWellFormed() : cell;
}

/** JSON lists of what is JSON already, none of them too long. */
export function lists(values: readonly string[]): string[] {
  const all: string[] = [];
  let some: string[] = [];
  let characters = 0;
  for (const value of values) {
    if (some.length > 0 && characters + value.length > charactersMax) {
      all.push(`[${some.join(",")}]`);
      some = [];
      characters = 0;
    }
    some.push(value);
    characters += value.length + 1;
  }
  if (some.length > 0) all.push(`[${some.join(",")}]`);
  return all;
}
