// A list whose items lie in several shards, a page at a time: shard by shard, in the order of each shard's keys. The cursor says
// in which shard it goes on and behind which key, so a page costs the same wherever it begins, and items that come and go
// meanwhile move no others.

import pMap from "p-map";
import { invalid } from "./problem.ts";

export interface Keyed<Item> {
  readonly key: string;
  readonly item: Item;
}

export interface ShardPage<Item> {
  readonly items: readonly Keyed<Item>[];
  /** Where the shard's next page begins; undefined when this is its last. */
  readonly after: string | undefined;
}

interface Cursor {
  readonly shard: number;
  readonly after: string | undefined;
}

export interface PageRequest<Item> {
  /** Rising. */
  readonly shards: readonly number[];
  /** `next` of the page before; "" for the first. */
  readonly after: string;
  readonly limit: number;
  /** Shards that are asked at once, of which some may have been asked in vain. */
  readonly width: number;
  ask(shard: number, after: string | undefined, limit: number): Promise<ShardPage<Item>>;
}

/** A page asks no more shards than this, and may be short for it. */
const asksMax = 48;

export async function pageOverShards<Item>(
  request: PageRequest<Item>,
): Promise<{ readonly items: readonly Item[]; readonly next: string | null }> {
  const { shards, limit, width, ask } = request;
  const items: Item[] = [];
  let cursor: Cursor | undefined = request.after === "" ? beginning(shards) : decode(request.after);
  for (let asks = 0; cursor !== undefined && items.length < limit && asks < asksMax; ) {
    const { shard: first, after } = cursor;
    // One that has more fills the page by itself.
    const wave = shards.filter((shard) => shard >= first).slice(0, after === undefined ? width : 1);
    asks += wave.length;
    const room = limit - items.length;
    const pages = await pMap(wave, (shard) => ask(shard, shard === first ? after : undefined, room));
    cursor = beginning(shards.filter((shard) => shard > (wave.at(-1) ?? first)));
    for (const [index, page] of pages.entries()) {
      const shard = wave[index] as number;
      const taken = page.items.slice(0, limit - items.length);
      items.push(...taken.map(({ item }) => item));
      const rest = taken.length < page.items.length ? { shard, after: taken.at(-1)?.key } : restOf(shard, page.after);
      if (rest === undefined) continue;
      cursor = rest;
      break;
    }
  }
  return { items, next: cursor === undefined ? null : encode(cursor) };
}

function beginning([shard]: readonly number[]): Cursor | undefined {
  return shard === undefined ? undefined : { shard, after: undefined };
}

function restOf(shard: number, after: string | undefined): Cursor | undefined {
  return after === undefined ? undefined : { shard, after };
}

function encode({ shard, after }: Cursor): string {
  return Buffer.from(JSON.stringify([shard, after ?? null])).toString("base64url");
}

function decode(text: string): Cursor {
  try {
    const [shard, after] = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown[];
    if (Number.isInteger(shard) && (after === null || typeof after === "string")) {
      return { shard: shard as number, after: after ?? undefined };
    }
  } catch {
    // It is none of ours.
  }
  throw invalid("query.after", "is not `next` of a page");
}
