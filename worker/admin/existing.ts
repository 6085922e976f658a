// What a request names, which has to be there.

import type { Control } from "../d1/control.ts";
import { findOne, type Key, type Seen } from "../d1/seen.ts";
import type { Shape } from "../d1/shape.ts";
import { notFound } from "./problem.ts";

export interface Existing<Item> {
  readonly item: Item;
  /** What a change of it rests on. */
  readonly seen: Seen;
}

/** `what`: in the words of an error. */
export async function existing<Item>(
  control: Control,
  shape: Shape<Item>,
  key: Key,
  what: string,
): Promise<Existing<Item>> {
  const { item, seen } = await findOne(control, shape, ...key);
  if (item === undefined) throw notFound(what);
  return { item, seen };
}
