// Lists of the API come in pages: the first, and further ones as the operator asks for them.

import { useState } from "preact/hooks";
import { type Answer, call, type Input, type Route } from "./call.ts";
import { type Resource, useResource } from "./resource.ts";

const pageSize = 100;
const pageSizeMax = 1000;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Routes that answer with a page. */
export type ListRoute = { [Of in Route]: Answer<Of> extends Page<unknown> ? Of : never }[Route];
export type ItemOf<Of extends ListRoute> = Answer<Of> extends Page<infer Item> ? Item : never;

export interface List<Item> {
  readonly resource: Resource<readonly Item[]>;
  /** Absent when all are there. */
  readonly more?: () => Promise<void>;
}

export function useList<Of extends ListRoute>(route: Of, input: Input<Of>, everyMs?: number): List<ItemOf<Of>> {
  type Item = ItemOf<Of>;
  const pageAfter = async (after: string | undefined, signal?: AbortSignal) =>
    (await call(route, withQuery(input, { limit: pageSize, after }, signal))) as Page<Item>;
  const first = useResource(`${route} ${JSON.stringify(input)}`, (signal) => pageAfter(undefined, signal), everyMs);
  const [further, setFurther] = useState<{ readonly of: Page<Item>; readonly pages: readonly Page<Item>[] }>();
  if (first.state !== "ready") return { resource: first };
  const pages = [first.value, ...(further?.of === first.value ? further.pages : [])];
  const next = pages.at(-1)?.next ?? null;
  const resource: Resource<readonly Item[]> = {
    state: "ready",
    value: pages.flatMap(({ items }) => items),
    reload: first.reload,
  };
  if (next === null) return { resource };
  const more = async () => {
    const another = await pageAfter(next);
    setFurther({ of: first.value, pages: [...pages.slice(1), another] });
  };
  return { resource, more };
}

/** For lists that are bounded, and of which a part says nothing. */
export async function all<Of extends ListRoute>(route: Of, input: Input<Of>): Promise<readonly ItemOf<Of>[]> {
  const items: ItemOf<Of>[] = [];
  let after: string | undefined;
  do {
    const page = (await call(route, withQuery(input, { limit: pageSizeMax, after }))) as Page<ItemOf<Of>>;
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return items;
}

function withQuery<Of extends Route>(
  input: Input<Of>,
  more: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Input<Of> {
  const { query = {} } = input as { readonly query?: object };
  return { ...input, query: { ...query, ...more }, ...(signal === undefined ? {} : { signal }) };
}
