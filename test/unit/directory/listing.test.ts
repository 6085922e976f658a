// Pages of the list of sessions: complete, in order, and bounded, however entries are spread over objects.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDoubted } from "../../../src/directory/doubt.ts";
import { ageOf, type Entry, type Report, reported, type Standing } from "../../../src/directory/entry.ts";
import {
  directoryOf,
  type ListFilter,
  type ListRequest,
  listPart,
  merge,
  scannedMax,
} from "../../../src/directory/listing.ts";
import { compareKeys } from "../../../src/topic/key.ts";
import { listFrom } from "../../../worker/admin/list-rounds.ts";

const standing: Standing = {
  state: "connected",
  clientId: undefined,
  username: "u",
  address: "192.0.2.1",
  version: 5,
  generation: 1,
  connectedAtMs: 10,
  expiresAtMs: 0,
};

function entryOf(name: string, more: Partial<Entry> = {}): Entry {
  return { ...standing, name, disconnectedAtMs: 0, confirmedAtMs: 10, incarnation: 1, sequence: 1, ...more };
}

class Parts {
  readonly entries: Entry[][];
  read = 0;
  asked = 0;

  constructor(count: number, entries: readonly Entry[]) {
    this.entries = Array.from({ length: count }, () => []);
    const sorted = [...entries].sort((left, right) => compareKeys(left.name, right.name));
    for (const entry of sorted) this.entries[directoryOf(entry.name, count)]?.push(entry);
  }

  list(request: ListRequest) {
    return listFrom(
      this.entries.length,
      async (part, partial) => {
        this.asked++;
        return listPart((name, isIncluded, limit) => this.#from(part, name, isIncluded, limit), partial);
      },
      request,
    );
  }

  async names(request: Omit<ListRequest, "after">): Promise<string[]> {
    const names: string[] = [];
    for (let after: string | undefined = ""; after !== undefined; ) {
      const page: Awaited<ReturnType<Parts["list"]>> = await this.list({ ...request, after });
      expect(page.entries.length).toBeLessThanOrEqual(request.limit);
      names.push(...page.entries.map(({ name }) => name));
      after = page.after;
    }
    return names;
  }

  #from(part: number, name: string, isIncluded: boolean, limit: number): Entry[] {
    const rows = (this.entries[part] ?? []).filter((entry) => {
      const order = compareKeys(entry.name, name);
      return order > 0 || (isIncluded && order === 0);
    });
    this.read += Math.min(limit, rows.length);
    return rows.slice(0, limit);
  }
}

const id = fc.string({ unit: fc.constantFrom("a", "b", "c", "/", "\u{1f600}", "\ufffd", "d"), maxLength: 5 });
const name = fc.oneof(
  { weight: 5, arbitrary: id.map((text) => `c:${text}`) },
  { weight: 1, arbitrary: fc.stringMatching(/^[0-9a-f]{4}$/).map((text) => `h:${text}`) },
);

test("every entry that matches comes once, in the order of names, whatever the pages and the objects", async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(fc.record({ name, away: fc.boolean() }), { selector: (one) => one.name, maxLength: 60 }),
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 5 }),
    fc.option(id, { nil: undefined }),
    fc.option(fc.constantFrom("away" as const, "connected" as const), { nil: undefined }),
    async (given, limit, count, prefix, state) => {
      const entries = given.map((one) => entryOf(one.name, { state: one.away ? "away" : "connected" }));
      const expected = entries
        .filter((entry) => state === undefined || entry.state === state)
        .map((entry) => entry.name)
        .filter((text) => prefix === undefined || (text.startsWith("c:") && text.slice(2).startsWith(prefix)))
        .sort(compareKeys);
      expect(await new Parts(count, entries).names({ limit, prefix, state })).toEqual(expected);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("a long client id is found by its beginning", async () => {
  const long = `long-${"x".repeat(600)}`;
  const parts = new Parts(3, [entryOf("c:long-short"), entryOf("h:0123", { clientId: long }), entryOf("c:other")]);
  expect(await parts.names({ limit: 10, prefix: "long-" })).toEqual(["c:long-short", "h:0123"]);
});

test("a page costs the same at the end as at the beginning, and about what it holds", async () => {
  const parts = new Parts(
    8,
    Array.from({ length: 20_000 }, (_, index) => entryOf(`c:${index.toString().padStart(6, "0")}`)),
  );
  const limit = 100;
  const costs: number[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const before = parts.read;
    const page: Awaited<ReturnType<Parts["list"]>> = await parts.list({ after, limit });
    if (page.after !== undefined) expect(page.entries).toHaveLength(limit);
    costs.push(parts.read - before);
    after = page.after;
  }
  expect(costs).toHaveLength(200);
  expect(Math.max(...costs)).toBeLessThanOrEqual(limit * 4);
});

test("a filter that matches little looks at a bounded number of entries for each page", async () => {
  const entries = Array.from({ length: 50_000 }, (_, index) => entryOf(`c:${index.toString().padStart(6, "0")}`));
  const parts = new Parts(2, [...entries, entryOf("c:zzz", { state: "away" })]);
  const first = await parts.list({ after: "", limit: 10, state: "away" });
  expect([first.entries, parts.read]).toEqual([[], 2 * 4 * scannedMax]);
  expect(await parts.names({ limit: 10, state: "away" })).toEqual(["c:zzz"]);
});

test("a prefix leads there without looking at what stands before it", async () => {
  const parts = new Parts(
    2,
    Array.from({ length: 50_000 }, (_, index) => entryOf(`c:${index.toString().padStart(6, "0")}`)),
  );
  expect(await parts.names({ limit: 10, prefix: "04999" })).toHaveLength(10);
  expect(parts.read).toBeLessThan(2_000);
});

test.each<[string, ListFilter, boolean]>([
  ["its user", { username: "u" }, true],
  ["another user", { username: "v" }, false],
  ["its address", { address: "192.0.2.1" }, true],
  ["another address", { address: "192.0.2.2" }, false],
  ["idle for so long", { idleSinceMs: 500 }, true],
  ["idle for longer", { idleSinceMs: 499 }, false],
  ["all of it", { username: "u", address: "192.0.2.1", state: "away", prefix: "a" }, true],
])("filters: %s", async (_, filter, matches) => {
  const parts = new Parts(2, [entryOf("c:a", { state: "away", disconnectedAtMs: 500 })]);
  expect(await parts.names({ limit: 10, ...filter })).toHaveLength(matches ? 1 : 0);
});

test("who is connected is not idle", async () => {
  expect(await new Parts(1, [entryOf("c:a")]).names({ limit: 10, idleSinceMs: 1_000 })).toEqual([]);
});

describe("reports", () => {
  const report = (more: Partial<Report> & { standing: Standing }): Report & { standing: Standing } => {
    return { name: "c:a", incarnation: 2, sequence: 1, atMs: 50, ...more };
  };

  test.each([
    [[2, 1], [2, 2], "new"],
    [[2, 1], [3, 1], "new"],
    [[2, 5], [2, 5], "known"],
    [[2, 5], [2, 4], "known"],
    [[2, 5], [1, 9], "stale"],
  ] as const)("after %j, %j is %s", ([incarnation, sequence], [reportIncarnation, reportSequence], age) => {
    expect(ageOf({ incarnation, sequence }, { incarnation: reportIncarnation, sequence: reportSequence })).toBe(age);
  });

  test("who goes keeps where and since when it was there, and is idle from then on", () => {
    const away = { ...standing, state: "away", address: undefined, connectedAtMs: 0, expiresAtMs: 99 } as const;
    const gone = reported(entryOf("c:a"), report({ standing: away }));
    expect(gone).toMatchObject({ address: "192.0.2.1", connectedAtMs: 10, disconnectedAtMs: 50, expiresAtMs: 99 });
    const again = reported(gone, report({ standing: away, atMs: 70 }));
    expect(again).toMatchObject({ disconnectedAtMs: 50, confirmedAtMs: 70 });
    const other = reported(gone, report({ standing: { ...away, generation: 2 }, atMs: 80 }));
    expect(other).toMatchObject({ address: undefined, connectedAtMs: 0, disconnectedAtMs: 80 });
    expect(reported(gone, report({ standing }))).toMatchObject({ disconnectedAtMs: 0, connectedAtMs: 10 });
  });

  const dayMs = 86_400_000;
  test.each([
    ["connected since yesterday", {}, dayMs + 10, true],
    ["connected today", {}, dayMs + 9, false],
    ["away, and should have ended", { state: "away", expiresAtMs: 1_000 }, 3_601_000, true],
    ["away, and has just ended", { state: "away", expiresAtMs: 1_000 }, 3_600_999, false],
    ["away for ever", { state: "away" }, dayMs * 29, false],
    ["away for ever, and not heard of for a month", { state: "provisioned" }, dayMs * 31, true],
  ] as const)("%s", (_, more, nowMs, isDoubtful) => {
    expect(isDoubted(entryOf("c:a", more), nowMs)).toBe(isDoubtful);
  });
});

test("a page of all objects ends where the first of them stopped looking", () => {
  const parts = [
    { entries: [entryOf("c:a"), entryOf("c:m")], coveredTo: "c:m" },
    { entries: [entryOf("c:b"), entryOf("c:d")], coveredTo: "c:d" },
    { entries: [entryOf("c:z")], coveredTo: undefined },
  ];
  for (const some of [parts, parts.toReversed()]) {
    const { entries, after } = merge(some, 10);
    expect([entries.map(({ name }) => name), after]).toEqual([["c:a", "c:b", "c:d"], "c:d"]);
  }
});
