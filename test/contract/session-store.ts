// What a session's store promises, wherever it runs.

import { describe, expect, test } from "vitest";
import type { WindowSnapshot } from "../../src/queue/window.ts";
import type {
  Change,
  DueWill,
  HandBack,
  SessionRecord,
  StoredSubscription,
  StoredWill,
} from "../../src/session/changes.ts";
import type { InboundPage } from "../../src/session/inbound.ts";
import { migrate } from "../../src/store/migrations.ts";
import { RareTable, tablesOf } from "../../src/store/rare-table.ts";
import { laterColumns, migrations, rareTables } from "../../src/store/session-schema.ts";
import { SessionStore } from "../../src/store/session-store.ts";
import { Sql, sqlLimits } from "../../src/store/sql.ts";
import { records } from "../support/records.ts";
import type { WithDriver } from "./driver.ts";

const record: SessionRecord = {
  clientId: "é😀\u0001",
  username: undefined,
  version: 5,
  generation: 1_700_000_000_000,
  expirySeconds: 0xffff_ffff,
  expiresAtMs: 0,
};
const inbound = { nextSequence: 7, runs: [[1, 4, 3]] as const };
const putInbound: Change = { kind: "put-inbound", changes: { inbound, pages: [], dropsPages: false } };
const window = { head: 3, dupBelow: 5, exactBelow: 4, gaps: [{ from: 7, to: 9 }], runs: [[2, 3]] as const };
const will: StoredWill = { shard: 3, body: records("w:gone q1"), generation: 5, delayMs: 10_000, expiryMs: 0 };
const handBack: HandBack = { id: 2, shard: 5, share: "$share/g/a", body: records("a:1 q1") };
const dueWill: DueWill = { ...will, id: 9, dueAtMs: 1_700_000_000_000, sequence: 4 };
const filters = ["a", "a/+", "😀/#", "\uffff", "\u0001\u0002", "$share/g/a"];

function subscription(filter: string, qos: 0 | 1 | 2 = 1): StoredSubscription {
  return { filter, qos, noLocal: qos === 2, retainAsPublished: qos === 1, identifier: 268_435_455 };
}

function segment(position: number, count: number, options: { offered?: boolean; body?: Uint8Array } = {}) {
  const { offered = false, body = records(`t:${position} q1`) } = options;
  return { kind: "put-segment" as const, segment: { position, count, body, offered, atMs: 1_000 + position } };
}

const source = (publisher: string, sequence: number, generation = 1, shard = 2): Change => ({
  kind: "put-source",
  cursor: { publisher, publisherGeneration: generation, shard, sequence, atMs: 1_700_000_000_000 },
});

export function sessionStoreContract(withDriver: WithDriver): void {
  const onStore = (run: (store: SessionStore, reopen: () => SessionStore, sql: Sql) => void) => () =>
    withDriver((driver) => {
      const sql = new Sql(driver);
      run(new SessionStore(sql), () => new SessionStore(sql), sql);
    });

  describe("an object that has nothing to keep", () => {
    test(
      "has no tables, and reads as empty",
      onStore((store, _, sql) => {
        expect(store.exists).toBe(false);
        expect(store.isEmpty).toBe(true);
        expect(store.load()).toMatchObject({
          record: undefined,
          inbound: undefined,
          window: undefined,
          will: undefined,
        });
        expect([store.subscriptions(), store.subscriptionCount(), store.filtersBeingRemoved()]).toEqual([[], 0, []]);
        expect([store.segmentFrom(0), store.queueBounds(), store.sourceSequence("p", 1, 2)]).toEqual([
          undefined,
          undefined,
          0,
        ]);
        expect([store.aliasTopic(1), store.hasAliases(), store.drops().size]).toEqual([undefined, false, 0]);
        store.apply([{ kind: "end-session" }, { kind: "delete-will" }, { kind: "delete-segments", below: 5 }]);
        store.apply([]);
        expect(sql.all("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")).toEqual([]);
      }),
    );
  });

  test(
    "state comes back as it was written, also to a store that opens later",
    onStore((store, reopen) => {
      store.apply([
        { kind: "put-session", record },
        putInbound,
        { kind: "put-window", window },
        { kind: "put-will", will },
        { kind: "put-due-will", will: dueWill },
        { kind: "put-due-will", will: { ...dueWill, id: 4 } },
      ]);
      const stored = reopen().load();
      expect(stored).toEqual({
        record,
        inbound,
        window,
        will: expect.anything(),
        dueWills: expect.anything(),
        handBacks: [],
        replays: [],
      });
      expect(stored.will).toMatchObject(will);
      expect(stored.dueWills.map(({ id }) => id)).toEqual([4, 9]);
      expect(stored.dueWills[1]).toEqual(dueWill);
      store.apply([{ kind: "put-session", record: { ...record, username: "u", expiresAtMs: 5 } }]);
      store.apply([{ kind: "put-due-will", will: { ...dueWill, sequence: 77 } }]);
      store.apply([{ kind: "delete-will" }, { kind: "delete-due-will", id: 4 }]);
      const changed = reopen().load();
      expect(changed.record).toEqual({ ...record, username: "u", expiresAtMs: 5 });
      expect([changed.will, changed.dueWills.map(({ sequence }) => sequence)]).toEqual([undefined, [77]]);
    }),
  );

  test(
    "subscriptions are found by their filter, whatever characters it has",
    onStore((store, reopen) => {
      for (const filter of filters) {
        store.apply([{ kind: "put-subscription", subscription: subscription(filter), removing: false }]);
      }
      for (const filter of filters) expect(reopen().subscription(filter)).toEqual(subscription(filter));
      expect(store.subscription("A")).toBeUndefined();
      expect(store.subscriptionCount()).toBe(filters.length);
      expect(new Set(store.subscriptions().map(({ filter }) => filter))).toEqual(new Set(filters));
      store.apply([{ kind: "put-subscription", subscription: subscription("a", 2), removing: false }]);
      expect(store.subscription("a")).toEqual(subscription("a", 2));
    }),
  );

  test(
    "a subscription that is being removed is not found, but known; it goes when it still is when confirmed",
    onStore((store) => {
      const put = (removing: boolean) =>
        store.apply([{ kind: "put-subscription", subscription: subscription("a"), removing }]);
      put(true);
      expect([store.subscription("a"), store.filtersBeingRemoved()]).toEqual([undefined, ["a"]]);
      expect(store.subscriptions()).toHaveLength(1);
      put(false);
      store.apply([{ kind: "delete-subscription", filter: "a" }]);
      expect(store.subscription("a")).toEqual(subscription("a"));
      put(true);
      store.apply([{ kind: "delete-subscription", filter: "a" }]);
      expect([store.subscriptionCount(), store.filtersBeingRemoved()]).toEqual([0, []]);
    }),
  );

  test(
    "shared subscriptions are told from others, and so are their segments",
    onStore((store, reopen) => {
      for (const filter of filters) {
        store.apply([{ kind: "put-subscription", subscription: subscription(filter), removing: false }]);
      }
      store.apply([{ kind: "put-subscription", subscription: subscription("$share/h/a"), removing: true }]);
      store.apply([{ kind: "put-subscription", subscription: subscription("$shared/a"), removing: false }]);
      expect(store.sharedFilters()).toEqual(["$share/g/a"]);
      const origin = { share: "$share/g/a", shard: 3 };
      const [own, theirs] = [segment(0, 2), segment(2, 1, { offered: true })];
      store.apply([own, { ...theirs, origin }]);
      expect(reopen().sharedSegments()).toEqual([{ ...origin, segment: theirs.segment }]);
      expect(reopen().segmentFrom(0)).toEqual(own.segment);
    }),
  );

  describe("segments", () => {
    const three = [segment(10, 5, { offered: true }), segment(15, 1), segment(20, 2)];

    test(
      "the one that holds a position, or the first behind it",
      onStore((store) => {
        store.apply(three);
        const found = (position: number) => store.segmentFrom(position)?.position;
        expect([0, 9, 10, 14, 15, 16, 19, 20, 21, 22].map(found)).toEqual([
          10,
          10,
          10,
          10,
          15,
          20,
          20,
          20,
          20,
          undefined,
        ]);
        expect(store.segmentFrom(12)).toEqual({
          position: 10,
          count: 5,
          offered: true,
          atMs: 1_010,
          body: records("t:10 q1"),
        });
      }),
    );

    test(
      "their extent and their bytes",
      onStore((store) => {
        const bytes = records("t:10 q1").length;
        store.apply(three);
        expect(store.queueBounds()).toEqual({ first: 10, end: 22, bytes: 3 * bytes });
        expect([
          store.bytesWithin(10, 16),
          store.bytesWithin(11, 22),
          store.bytesWithin(10, 14),
          store.bytesWithin(0, 0),
        ]).toEqual([2 * bytes, 2 * bytes, 0, 0]);
      }),
    );

    test(
      "those that are finished go, and those within a range; not those that reach beyond",
      onStore((store) => {
        store.apply(three);
        store.apply([{ kind: "delete-segments", below: 14 }]);
        expect(store.segmentFrom(0)?.position).toBe(10);
        store.apply([{ kind: "delete-segments", below: 15 }]);
        expect(store.segmentFrom(0)?.position).toBe(15);
        store.apply([{ kind: "delete-segments-within", from: 16, to: 21 }]);
        expect(store.queueBounds()).toMatchObject({ first: 15, end: 22 });
        store.apply([{ kind: "delete-segments-within", from: 15, to: 22 }]);
        expect([store.queueBounds(), store.isEmpty]).toEqual([undefined, true]);
      }),
    );

    test(
      "a body of 1.5 MB comes back; one beyond the platform's limit is refused",
      onStore((store, reopen) => {
        const body = new Uint8Array(1_500_000).fill(7);
        store.apply([segment(2 ** 40, 1, { body })]);
        expect(reopen().segmentFrom(0)?.body).toEqual(body);
        const beyond = new Uint8Array(sqlLimits.rowBytesMax + 1);
        expect(() => store.apply([segment(2 ** 41, 1, { body: beyond })])).toThrow(RangeError);
      }),
    );
  });

  test(
    "cursors are kept for each publisher, session of it, and shard",
    onStore((store, reopen) => {
      store.apply([source("p", 5), source("p", 9, 1, 3), source("é", 2 ** 47)]);
      store.apply([source("p", 6)]);
      const read = reopen();
      expect([read.sourceSequence("p", 1, 2), read.sourceSequence("p", 1, 3), read.sourceSequence("é", 1, 2)]).toEqual([
        6,
        9,
        2 ** 47,
      ]);
      store.apply([source("p", 1, 2)]);
      const key = { source: "shard-2", incarnation: 2 ** 52, sequence: 8 };
      store.apply([{ kind: "end-earlier-calls", key, atMs: 1_700_000_000_000 }]);
      expect(reopen().lastCall("shard-2")).toEqual({ incarnation: 2 ** 52, sequence: 7 });
      expect(reopen().lastCall("p")).toBeUndefined();
      expect([read.sourceSequence("p", 1, 2), read.sourceSequence("p", 2, 2), read.sourceSequence("q", 1, 2)]).toEqual([
        6, 1, 0,
      ]);
    }),
  );

  test(
    "aliases of a connection",
    onStore((store, reopen) => {
      store.apply([
        { kind: "put-alias", alias: 1, topic: "a" },
        { kind: "put-alias", alias: 65_535, topic: "😀" },
      ]);
      store.apply([{ kind: "put-alias", alias: 1, topic: "b" }]);
      expect([reopen().aliasTopic(1), store.aliasTopic(65_535), store.hasAliases()]).toEqual(["b", "😀", true]);
      store.apply([{ kind: "clear-aliases" }]);
      expect([store.aliasTopic(1), store.hasAliases()]).toEqual([undefined, false]);
    }),
  );

  test(
    "the end of a session takes everything but what is due after it, and the counts of what was dropped and told",
    onStore((store, reopen) => {
      store.apply([
        { kind: "put-session", record },
        putInbound,
        { kind: "put-window", window },
        { kind: "put-will", will },
        { kind: "put-due-will", will: dueWill },
        { kind: "put-subscription", subscription: subscription("a"), removing: false },
        { kind: "put-alias", alias: 1, topic: "a" },
        segment(0, 1),
        source("p", 5),
        { kind: "put-hand-back", handBack },
        { kind: "put-hand-back", handBack: { ...handBack, id: 1 } },
        { kind: "put-replay", replay: { filter: "a", shard: 3, after: "k" } },
      ]);
      store.addDrops(new Map([["queue-full", 2]]));
      store.told.write(new Map([["queue-full", 1]]));
      store.apply([{ kind: "end-session" }, { kind: "delete-hand-back", id: 1 }]);
      const empty = reopen();
      const nothing = { record: undefined, inbound: undefined, window: undefined, will: undefined };
      expect(empty.load()).toEqual({ ...nothing, dueWills: [dueWill], handBacks: [handBack], replays: [] });
      expect([empty.subscriptionCount(), empty.queueBounds(), empty.hasAliases()]).toEqual([0, undefined, false]);
      expect([empty.sourceSequence("p", 1, 2), empty.lastCall("shard-2")]).toEqual([0, undefined]);
      expect([empty.isEmpty, empty.holdsSession]).toEqual([false, false]);
      store.apply([{ kind: "delete-due-will", id: dueWill.id }]);
      expect(empty.isEmpty).toBe(false);
      store.apply([{ kind: "delete-hand-back", id: handBack.id }]);
      expect([empty.isEmpty, empty.drops()]).toEqual([true, new Map([["queue-full", 2]])]);
      expect(empty.told.read()).toEqual(new Map([["queue-full", 1]]));
    }),
  );

  test(
    "where retained messages have come to is kept by filter and shard",
    onStore((store, reopen) => {
      const replays = [
        { filter: "a/#", shard: 3, after: "l" },
        { filter: "b/#", shard: 3, after: "k" },
      ];
      const before: Change = { kind: "put-replay", replay: { filter: "a/#", shard: 3, after: "k" } };
      store.apply([before, ...replays.map((replay): Change => ({ kind: "put-replay", replay }))]);
      store.apply([{ kind: "put-replay", replay: { filter: "a/#", shard: 4, after: "k" } }]);
      store.apply([{ kind: "delete-replay", filter: "a/#", shard: 4 }]);
      expect(reopen().load().replays).toEqual(replays);
    }),
  );

  test(
    "inbound identifiers come back from one row or from pages, and from one row again",
    onStore((store, reopen, sql) => {
      const paged = (nextSequence: number, ...pages: readonly InboundPage[]): Change => ({
        kind: "put-inbound",
        changes: { inbound: { nextSequence, runs: [], paged: true }, pages, dropsPages: false },
      });
      store.apply([putInbound]);
      expect(reopen().load().inbound).toEqual(inbound);
      store.apply([paged(9, { page: 0, runs: [[1, 4, 3]] }, { page: 63, runs: [[65_535, 8, 1]] })]);
      const first = {
        nextSequence: 9,
        paged: true,
        runs: [
          [1, 4, 3],
          [65_535, 8, 1],
        ],
      };
      expect(reopen().load().inbound).toEqual(first);
      store.apply([paged(10, { page: 0, runs: [[2, 9, 1]] })]);
      expect(reopen().load().inbound).toEqual({
        ...first,
        nextSequence: 10,
        runs: [
          [2, 9, 1],
          [65_535, 8, 1],
        ],
      });
      store.apply([{ kind: "put-inbound", changes: { inbound, pages: [], dropsPages: true } }]);
      expect(reopen().load().inbound).toEqual(inbound);
      expect(sql.all("SELECT key FROM state")).toHaveLength(1);
      store.apply([paged(11, { page: 5, runs: [[5_121, 10, 1]] }), { kind: "end-session" }]);
      expect(sql.all("SELECT key FROM state")).toEqual([]);
    }),
  );

  test(
    "a connection's window has a row only while its socket has no room for it",
    onStore((store, reopen, sql) => {
      store.keepConnectionWindow(undefined);
      expect(store.exists).toBe(false);
      const wide: WindowSnapshot = { head: 3, next: 9, dupBelow: 0, gaps: [], runs: [], letters: "9>" };
      store.keepConnectionWindow(wide);
      expect(reopen().load()).toMatchObject({ connectionWindow: wide });
      const woken = reopen();
      woken.load();
      woken.keepConnectionWindow({ ...wide, head: 4 });
      expect(reopen().load()).toMatchObject({ connectionWindow: { head: 4 } });
      woken.keepConnectionWindow(undefined);
      expect(sql.all("SELECT key FROM state")).toEqual([]);
      store.keepConnectionWindow(wide);
      store.apply([{ kind: "end-session" }]);
      expect(store.isEmpty).toBe(true);
    }),
  );

  test(
    "drops add up by reason",
    onStore((store, reopen) => {
      store.addDrops(
        new Map([
          ["queue-full", 2],
          ["expired", 1],
        ]),
      );
      store.addDrops(new Map([["queue-full", 3]]));
      expect(reopen().drops()).toEqual(
        new Map([
          ["queue-full", 5],
          ["expired", 1],
        ]),
      );
    }),
  );

  test(
    "changes are one transaction: if one fails, none was made",
    onStore((store, reopen) => {
      store.apply([segment(0, 1)]);
      expect(() =>
        store.apply([
          { kind: "put-session", record },
          { kind: "put-subscription", subscription: subscription("a"), removing: false },
          segment(0, 1),
        ]),
      ).toThrow();
      expect([reopen().load().record, reopen().subscriptionCount()]).toEqual([undefined, 0]);
      store.apply([{ kind: "put-session", record }]);
      expect(reopen().load().record).toEqual(record);
    }),
  );

  test(
    "an object has the tables that it has written to, and no others",
    onStore((store, reopen, sql) => {
      const made = () => [...tablesOf(sql).keys()].filter((name) => !name.startsWith("_cf"));
      store.apply([{ kind: "put-session", record }]);
      expect(made()).toEqual(["schema_version", "state"]);
      // There is nothing to delete, and no table for it.
      store.apply([{ kind: "delete-will" }, { kind: "clear-aliases" }, { kind: "delete-segments", below: 9 }]);
      store.apply([{ kind: "put-subscription", subscription: subscription("a"), removing: false }]);
      expect(made()).toEqual(["schema_version", "state", "subscription"]);
      const again = reopen();
      expect([again.load().record, again.subscriptions()]).toEqual([record, [subscription("a")]]);
      expect([again.queueBounds(), again.hasAliases(), again.lastCall("p"), again.letters.totals().count]).toEqual([
        undefined,
        false,
        undefined,
        0,
      ]);
      again.apply([segment(0, 1), { kind: "put-will", will }]);
      expect(made()).toEqual(["schema_version", "state", "subscription", "segment", "will"]);
      expect(reopen().queueBounds()).toMatchObject({ first: 0, end: 1 });
    }),
  );

  test("a table that is made when it is needed is as all migrations and what has come since leave it", async () => {
    const names = Object.keys(rareTables) as (keyof typeof rareTables)[];
    const columnsOf = (sql: Sql) => {
      const columns = names.map((name) => [name, sql.all(`PRAGMA table_info(${name})`)]);
      return Object.fromEntries(columns) as Record<string, unknown>;
    };
    let migrated: Record<string, unknown> = {};
    await withDriver((driver) => {
      const sql = new Sql(driver);
      migrate(sql, migrations, 0);
      for (const name of names) {
        const table = new RareTable(sql, name, rareTables[name], laterColumns[name]);
        table.found(tablesOf(sql).get(name));
        // One was always made when it was needed.
        expect(table.isThere).toBe(name !== "dead_letter");
        table.make();
      }
      migrated = columnsOf(sql);
    });
    await withDriver((driver) => {
      const sql = new Sql(driver);
      for (const name of names) new RareTable(sql, name, rareTables[name], laterColumns[name]).make();
      expect(columnsOf(sql)).toEqual(migrated);
    });
  });

  test(
    "a table that code from before a column has made, whenever it did, gets the column with the next row",
    onStore((store, reopen, sql) => {
      const old = subscription("old");
      const put: Change = {
        kind: "put-subscription",
        subscription: subscription("new"),
        removing: false,
        unconfirmed: true,
      };
      store.apply([{ kind: "put-session", record }]);
      // As that code makes it in an object that today's has begun.
      sql.run(`CREATE TABLE subscription (filter TEXT PRIMARY KEY, qos INTEGER NOT NULL, no_local INTEGER NOT NULL,
        retain_as_published INTEGER NOT NULL, identifier INTEGER NOT NULL, removing INTEGER NOT NULL) WITHOUT ROWID`);
      const putOld = (filter: string) =>
        sql.run(
          `INSERT INTO subscription (filter, qos, no_local, retain_as_published, identifier, removing) VALUES (?, ?, 0, 0, ?, 0)
            ON CONFLICT DO UPDATE SET qos = excluded.qos`,
          filter,
          old.qos,
          old.identifier,
        );
      putOld("old");
      const today = reopen();
      expect([today.subscription("old")?.qos, today.isUnconfirmed("old")]).toEqual([old.qos, false]);
      today.apply([put, { ...put, subscription: old, unconfirmed: false }]);
      putOld("older");
      const next = reopen();
      expect(["old", "older", "new"].map((filter) => next.isUnconfirmed(filter))).toEqual([false, false, true]);
      next.apply([{ kind: "confirm-subscription", filter: "new" }]);
      expect(reopen().isUnconfirmed("new")).toBe(false);
    }),
  );

  test(
    "an object that older code has made, with all tables, is read and written as it is",
    onStore((_, reopen, sql) => {
      migrate(sql, migrations.slice(0, 1), 0);
      const store = reopen();
      expect(store.load().record).toBeUndefined();
      store.apply([{ kind: "put-session", record }, segment(3, 2), { kind: "put-hand-back", handBack }]);
      const { record: stored, handBacks } = reopen().load();
      expect([stored, handBacks]).toEqual([record, [handBack]]);
      expect(reopen().queueBounds()).toMatchObject({ first: 3, end: 5 });
    }),
  );

  test("rows written, as they are billed", () =>
    withDriver((driver) => {
      const store = new SessionStore(new Sql(driver));
      store.apply([{ kind: "put-session", record: { ...record, generation: 1 } }]);
      const rowsOf = (...changes: Change[]) => {
        const before = driver.rowsWritten();
        store.apply(changes);
        const after = driver.rowsWritten();
        return before === undefined || after === undefined ? undefined : after - before;
      };
      const put: Change = { kind: "put-subscription", subscription: subscription("a"), removing: false };
      const paged = (...pages: number[]): Change => ({
        kind: "put-inbound",
        changes: {
          inbound: { nextSequence: 7, runs: [], paged: true },
          pages: pages.map((page) => ({ page, runs: [[page * 1_024 + 1, 1, 1]] })),
          dropsPages: false,
        },
      });
      // The first that is written into a table makes it: two rows more.
      const made = 2;
      const expected: readonly (readonly [change: Change, rows: number])[] = [
        [{ kind: "put-session", record }, 1],
        [putInbound, 1],
        [putInbound, 1],
        [paged(0, 1, 63), 4],
        [paged(1), 2],
        [{ kind: "put-inbound", changes: { inbound, pages: [], dropsPages: true } }, 4],
        [{ kind: "put-window", window }, 1],
        [{ kind: "put-will", will }, made + 1],
        [{ kind: "put-due-will", will: dueWill }, 1],
        [{ kind: "delete-will" }, 1],
        [{ kind: "delete-will" }, 0],
        [{ kind: "delete-due-will", id: dueWill.id }, 1],
        [put, made + 1],
        [{ ...put, unconfirmed: true }, 1],
        [{ kind: "confirm-subscription", filter: "a" }, 1],
        [{ kind: "confirm-subscription", filter: "a" }, 0],
        [{ ...put, removing: true }, 1],
        [{ kind: "delete-subscription", filter: "a" }, 1],
        [segment(0, 100), made + 1],
        [segment(100, 1), 1],
        [segment(101, 1), 1],
        [{ kind: "delete-segments", below: 50 }, 0],
        [{ kind: "delete-segments", below: 100 }, 1],
        [{ kind: "delete-segments-within", from: 100, to: 102 }, 2],
        [source("p", 1), made + 1],
        [source("p", 2), 1],
        [{ kind: "put-alias", alias: 1, topic: "a" }, made + 1],
        [{ kind: "clear-aliases" }, 1],
        [{ kind: "end-session" }, 4],
      ];
      const counted = expected.map(([change]) => [change.kind, rowsOf(change)]);
      if (driver.rowsWritten() !== undefined) {
        expect(counted).toEqual(expected.map(([change, rows]) => [change.kind, rows]));
      }
      expect(store.isEmpty).toBe(true);
    }));
}
