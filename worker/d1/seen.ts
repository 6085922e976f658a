// What a change rests on. Between reading and writing others write, and the platform has no transaction that spans both: so a
// change says which rows it has seen and how they were, or that there were none, and nothing of it is done if that is so no more.

import type { Control, Row } from "./control.ts";
import { lists, type Shape } from "./shape.ts";

/** The parts of a primary key. */
export type Key = readonly string[];

export interface Seen {
  readonly shape: Pick<Shape<never>, "table" | "key" | "columns">;
  /** As they are stored; undefined: there was none. */
  readonly rows: readonly (readonly [Key, Row | undefined])[];
}

export interface Found<Item> {
  /** By key, its parts joined by colons. */
  readonly items: ReadonlyMap<string, Item>;
  readonly seen: Seen;
}

/** Something of what a change rests on is not as it was seen: nothing was done. */
export class Outdated extends Error {}

export async function find<Item>(control: Control, shape: Shape<Item>, keys: readonly Key[]): Promise<Found<Item>> {
  const { table, key, toItem } = shape;
  // CROSS JOIN: one look into the table for each key, in this order.
  const sql = `SELECT there.* FROM json_each(?) AS wanted CROSS JOIN ${table} AS there
    ON ${key.map((name, index) => `there.${name} = wanted.value ->> '$[${index}]'`).join(" AND ")}`;
  const rows = new Map<string, Row>();
  for (const list of lists(keys.map((one) => JSON.stringify(one)))) {
    for (const row of await control.all(sql, list)) rows.set(key.map((name) => row[name]).join(":"), row);
  }
  return {
    items: new Map([...rows].map(([name, row]) => [name, toItem(row)])),
    seen: { shape, rows: keys.map((one) => [one, rows.get(one.join(":"))]) },
  };
}

export async function findOne<Item>(
  control: Control,
  shape: Shape<Item>,
  ...key: Key
): Promise<{ readonly item: Item | undefined; readonly seen: Seen }> {
  const { items, seen } = await find(control, shape, [key]);
  return { item: items.get(key.join(":")), seen };
}

/** Fail, and the transaction with them, unless all is as it was seen; cost no row. */
export function stillSo(control: Control, { shape, rows }: Seen): D1PreparedStatement[] {
  const names = Object.keys(shape.columns);
  const sql = `UPDATE revision SET number = NULL WHERE EXISTS (
    SELECT 1 FROM json_each(?) AS seen LEFT JOIN ${shape.table} AS there
      ON ${shape.key.map((name, index) => `there.${name} = seen.value ->> '$[0][${index}]'`).join(" AND ")}
    WHERE (${names.map((name) => `there.${name}`).join(", ")})
      IS NOT (${names.map((_, index) => `seen.value ->> '$[1][${index}]'`).join(", ")}))`;
  const all = rows.map(([key, row]) => JSON.stringify([key, row === undefined ? [] : names.map((name) => row[name])]));
  return lists(all).map((list) => control.statement(sql, list));
}

/** What the database says where `stillSo` fails: no revision is NULL. */
export function isOutdated(error: unknown): boolean {
  return /NOT NULL constraint failed: revision\.number/.test(`${error}`);
}

/** Each time somebody else got through. */
const attemptsMax = 10;

/** Begins again, on the rows that are there now, where a change was too late. */
export async function tryAnew<Value>(make: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof Outdated) || attempt === attemptsMax) throw error;
    }
  }
}
