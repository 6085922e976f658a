// The list of sessions, as they become more: a page from its beginning, its middle and its end. The directory's own code on as
// many databases as a deployment has objects for it; what calls between objects take is not in it.

import { setImmediate as turn } from "node:timers/promises";
import type { Entry } from "../../src/directory/entry.ts";
import { directoryOf, listPart } from "../../src/directory/listing.ts";
import { DirectoryStore } from "../../src/store/directory-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { listFrom } from "../../worker/admin/list-rounds.ts";
import { configOf } from "../../worker/config.ts";
import { type Curve, type Point, type Progress, sizesUpTo } from "./curve.ts";
import { Database } from "./database.ts";

const parts = configOf({}).directoryShards;
const limit = 100;
const pages = 201;

function nameOf(index: number): string {
  return `c:device-${index.toString().padStart(8, "0")}`;
}

function entryOf(index: number): Entry {
  return {
    name: nameOf(index),
    clientId: undefined,
    state: "away",
    username: "fleet",
    address: "192.0.2.1",
    version: 5,
    generation: 1,
    connectedAtMs: 1,
    disconnectedAtMs: 2,
    expiresAtMs: 0,
    confirmedAtMs: 1,
    incarnation: 1,
    sequence: 1,
  };
}

async function measureAt(size: number): Promise<Point> {
  const databases = Array.from({ length: parts }, () => new Database());
  try {
    const stores = databases.map((database) => new DirectoryStore(new Sql(database)));
    for (const [part, database] of databases.entries()) {
      database.fill(() => {
        for (let index = 0; index < size; index++) {
          if (directoryOf(nameOf(index), parts) === part) stores[part]?.put(entryOf(index));
        }
      });
    }
    const pageAt = async (index: number): Promise<number> => {
      const after = index === 0 ? "" : nameOf(index - 1);
      const startMs = performance.now();
      const { entries } = await listFrom(
        parts,
        async (part, request) => listPart((...read) => (stores[part] as DirectoryStore).entriesFrom(...read), request),
        { after, limit },
      );
      const tookMs = performance.now() - startMs;
      if (entries[0]?.name !== nameOf(index)) throw new Error(`the page behind ${after} begins elsewhere`);
      return tookMs;
    };
    const places = { first: 0, middle: Math.floor(size / 2), last: Math.max(0, size - limit) };
    const taken = { first: [] as number[], middle: [] as number[], last: [] as number[] };
    // In turn, so that whatever else the machine does is shared.
    for (let round = 0; round < pages; round++) {
      for (const place of ["first", "middle", "last"] as const) taken[place].push(await pageAt(places[place]));
      await turn();
    }
    const median = (times: number[]) => times.toSorted((left, right) => left - right)[Math.floor(pages / 2)] ?? 0;
    return { size, values: { first: median(taken.first), middle: median(taken.middle), last: median(taken.last) } };
  } finally {
    for (const database of databases) database.remove();
  }
}

export async function listingCurve(largest: number, progress: Progress): Promise<Curve> {
  const points: Point[] = [];
  for (const size of sizesUpTo(largest).filter((one) => one >= limit)) {
    progress(`listing ${size.toLocaleString("en-US")}`);
    points.push(await measureAt(size));
  }
  return {
    name: "the list of sessions",
    of: "sessions",
    units: { first: "ms for the first page", middle: "ms for one in the middle", last: "ms for the last" },
    points,
  };
}
