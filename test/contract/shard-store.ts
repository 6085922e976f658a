// What a topic shard's store promises, wherever it runs.

import { expect, test } from "vitest";
import { requestKeptMs } from "../../src/hop/request-numbers.ts";
import { expiryIn, recordHeadBytes } from "../../src/queue/record.ts";
import type { GroupRow, OwedCall, Route, ShardChange } from "../../src/shard/changes.ts";
import { groupTables } from "../../src/store/group-rows.ts";
import { packedLength } from "../../src/store/owed-parts.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { Sql, sqlLimits } from "../../src/store/sql.ts";
import { compareKeys, keyTopic, topicKey } from "../../src/topic/key.ts";
import { records, recordTexts } from "../support/records.ts";
import type { WithDriver } from "./driver.ts";

const route: Route = {
  session: "c:é😀",
  generation: 1_700_000_000_000,
  qos: 2,
  noLocal: true,
  retainAsPublished: false,
  identifier: 268_435_455,
};

/** Characters beyond U+FFFF sort behind U+FFFF, control characters in front, and a level's children right behind it. */
const topics = [
  "a",
  "a/b",
  "a/b/c",
  "a!",
  "a b",
  "A",
  "\u0003",
  "\u0001",
  "\u0002",
  "a\u0001b",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "😀",
  "😀/x",
  "é",
  "/",
  "//",
  "/a",
];

const putRoute = (filter: string, changed: Partial<Route> = {}): ShardChange => ({
  kind: "put-route",
  key: topicKey(filter),
  route: { ...route, ...changed },
});
const putRetained = (topic: string, body = records(`${topic}:x q1 retain`)): ShardChange => ({
  kind: "put-retained",
  key: topicKey(topic),
  body,
});
const putSource = (source: string, sequence: number, generation = 1): ShardChange => ({
  kind: "put-source",
  source,
  cursor: { generation, sequence, atMs: 1_700_000_000_000 },
});

const share = "$share/g/a";
const putMember = (session: string, generation = 1, qos: 0 | 1 | 2 = 1): ShardChange => ({
  kind: "put-member",
  share,
  key: topicKey("a"),
  member: { session, generation, qos, retainAsPublished: true, identifier: 7 },
});
const groupRow = (rank: number, id: number, session?: string): GroupRow => ({
  share,
  rank,
  id,
  count: 2,
  body: records(`a:${rank} q1`, `a:${id} q2`),
  assigned: session === undefined ? undefined : { session, generation: 3, qos: 2, incarnation: 2 ** 52, sequence: id },
});
const putMemberOf = (filter: string): ShardChange => ({
  ...(putMember("c:1") as ShardChange & { readonly kind: "put-member" }),
  share: `$share/g/${filter}`,
  key: topicKey(filter),
});
const putGroupRow = (row: GroupRow): ShardChange => ({ kind: "put-group-row", row });

function owed(target: string, incarnation: number, sequence: number, ...bodies: Uint8Array[]): OwedCall {
  const parts = bodies.map((body, index) => ({
    publisher: `=é${index}`,
    publisherGeneration: index,
    generation: 7,
    body,
  }));
  return { target, incarnation, sequence, parts };
}

export function shardStoreContract(withDriver: WithDriver): void {
  const onStore = (run: (store: ShardStore, reopen: () => ShardStore) => void) => () =>
    withDriver((driver) => {
      const sql = new Sql(driver);
      run(new ShardStore(sql), () => new ShardStore(sql));
    });

  test.each(["filters", "groups", "retainedTopics"] as const)("%s are sought in the order of code points", (index) =>
    onStore((store) => {
      const put = { filters: putRoute, groups: putMemberOf, retainedTopics: putRetained }[index];
      store.apply(topics.map((topic) => put(topic)));
      const keys = index === "groups" ? store.groups.filters : store[index];
      const found: string[] = [];
      for (let key = keys.seek(""); key !== undefined; key = keys.seek(`${key}\u0001`)) found.push(key);
      expect(found).toEqual(topics.map(topicKey).sort(compareKeys));
      for (const key of found) expect(keys.seek(key)).toBe(key);
      expect(keys.seek("\u{10ffff}")).toBeUndefined();
    })(),
  );

  test(
    "routes come back as they were written, by key",
    onStore((store, reopen) => {
      store.apply([putRoute("a"), putRoute("a", { session: "c:2", qos: 0 }), putRoute("A"), putRoute("a/+")]);
      store.apply([putRoute("a", { qos: 1, noLocal: false, retainAsPublished: true, identifier: 0 })]);
      const read = reopen().routesAt(topicKey("a"));
      expect(read).toHaveLength(2);
      expect(read).toContainEqual({ ...route, qos: 1, noLocal: false, retainAsPublished: true, identifier: 0 });
      expect(read).toContainEqual({ ...route, session: "c:2", qos: 0 });
      expect(store.routesAt(topicKey("b"))).toEqual([]);
    }),
  );

  test(
    "a route goes with its generation or a later one's word, not with an earlier one's",
    onStore((store) => {
      const { session, generation } = route;
      const remove = (by: number): void =>
        store.apply([{ kind: "delete-route", key: topicKey("a"), session, generation: by, earlierToo: true }]);
      store.apply([putRoute("a"), putRoute("a", { session: "c:2" })]);
      remove(generation - 1);
      expect(store.routesAt(topicKey("a"))).toHaveLength(2);
      remove(generation);
      expect(store.routesAt(topicKey("a")).map((left) => left.session)).toEqual(["c:2"]);
    }),
  );

  test(
    "members of a share come back by name, and go with their generation",
    onStore((store, reopen) => {
      store.apply([putMember("c:2", 2), putMember("c:1"), putMemberOf("b")]);
      store.apply([putMember("c:1", 5, 2)]);
      const read = reopen();
      const terms = { retainAsPublished: true, identifier: 7 };
      expect(read.groups.members(topicKey("a"), share)).toEqual([
        { session: "c:1", generation: 5, qos: 2, ...terms },
        { session: "c:2", generation: 2, qos: 1, ...terms },
      ]);
      expect(read.groups.sharesAt(topicKey("a"))).toEqual([share]);
      for (const generation of [4, 5]) {
        store.apply([
          { kind: "delete-member", key: topicKey("a"), share, session: "c:1", generation, earlierToo: true },
        ]);
        expect(store.groups.members(topicKey("a"), share)).toHaveLength(generation === 4 ? 2 : 1);
      }
    }),
  );

  test("a row that older code assigned has the QoS of the member's subscription", () =>
    withDriver((driver) => {
      const sql = new Sql(driver);
      sql.run("CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)");
      sql.run("INSERT INTO schema_version (id, version) VALUES (1, 2)");
      for (const statement of groupTables) sql.run(statement);
      sql.run("INSERT INTO member VALUES (?, ?, 'c:1', 1, 1, 0, 0)", topicKey("a"), share);
      const put = "INSERT INTO group_row VALUES (?, 1, ?, 1, ?, 1, 1, 1, x'00')";
      for (const [id, session] of ["c:1", "c:left", null].entries()) sql.run(put, share, id, session);
      const { groups } = new ShardStore(sql);
      expect([0, 1, 2].map((id) => groups.row({ share, rank: 1, id })?.assigned?.qos)).toEqual([1, 2, undefined]);
    }));

  test(
    "what is kept for a share is in the order of rank and id, assigned or not",
    onStore((store, reopen) => {
      const rows = [groupRow(2, 9), groupRow(-1, 3), groupRow(2, 4), groupRow(1, 5, "c:1"), groupRow(3, 2, "c:1")];
      store.apply(rows.map(putGroupRow));
      store.apply([putGroupRow({ ...groupRow(7, 1), share: "$share/g/b" })]);
      const read = reopen();
      expect(read.groups.unassigned(share, 2)).toEqual([groupRow(-1, 3), groupRow(2, 4)]);
      expect(read.groups.unassigned(share, 2, groupRow(-1, 3))).toEqual([groupRow(2, 4), groupRow(2, 9)]);
      expect(read.groups.unassigned(share, 2, groupRow(2, 4))).toEqual([groupRow(2, 9)]);
      expect(read.groups.unassigned(share, 2, groupRow(2, 9))).toEqual([]);
      expect(read.groups.assigned(share)).toEqual([
        { share, rank: 3, id: 2, session: "c:1", incarnation: 2 ** 52 },
        { share, rank: 1, id: 5, session: "c:1", incarnation: 2 ** 52 },
      ]);
      expect(read.groups.row({ share, rank: 1, id: 5 })).toEqual(groupRow(1, 5, "c:1"));
      const bytes = rows.reduce((sum, { body }) => sum + body.length, 0);
      expect(read.groups.totals(share)).toEqual({ messages: 10, bytes, rankMax: 3, idMax: 9 });
      store.apply([putGroupRow({ ...groupRow(1, 5), count: 1, body: records("a:left q1") })]);
      expect(store.groups.unassigned(share, 9).map(({ id }) => id)).toEqual([3, 5, 4, 9]);
      store.apply([{ kind: "delete-group-row", share, rank: 2, id: 4 }]);
      expect(store.groups.row({ share, rank: 2, id: 4 })).toBeUndefined();
      expect(store.groups.shares()).toEqual([share, "$share/g/b"]);
      store.apply([{ kind: "delete-group-rows", share }]);
      expect(store.groups.shares()).toEqual(["$share/g/b"]);
      expect(store.groups.totals(share)).toEqual({ messages: 0, bytes: 0, rankMax: 0, idMax: 0 });
    }),
  );

  test(
    "retained messages are listed with how they begin and their sizes, so many of them, and so many bytes",
    onStore((store) => {
      const far = 2 ** 41 + 5;
      const texts = ["a:1 q1 retain", `b:1000*x q2 retain exp=${far}`, "c:1000*y q0 retain exp=7", "d:1 q1 retain"];
      store.apply(texts.map((text) => putRetained(text.charAt(0), records(text))));
      const bytes = texts.map((text) => records(text).length);
      const all = ["a", "b", "c", "d"].map((topic, index) => {
        return { topic, bytes: bytes[index], expiresAtMs: [0, far, 7, 0][index] };
      });
      const list = (topic: string, countMax: number, bytesMax: number) => {
        const after = topic === "" ? "" : topicKey(topic);
        const heads = store.retainedHeads({ after, countMax, bytesMax, headBytes: recordHeadBytes });
        for (const { head } of heads) expect(head.length).toBeLessThanOrEqual(recordHeadBytes);
        return heads.map(({ key, bytes, head }) => ({ topic: keyTopic(key), bytes, expiresAtMs: expiryIn(head) }));
      };
      expect(list("", 10, 1e6)).toEqual(all);
      expect(list("", 2, 1e6)).toEqual(all.slice(0, 2));
      expect(list("a", 10, 1_500)).toEqual(all.slice(1, 2));
      expect(list("a", 10, 1)).toEqual(all.slice(1, 2));
      expect(list("d", 10, 1)).toEqual([]);
    }),
  );

  test(
    "a retained message is replaced, removed, and counted",
    onStore((store, reopen) => {
      for (const topic of topics) store.apply([putRetained(topic)]);
      store.apply([putRetained("a", records("a:second q2 retain"))]);
      store.apply([{ kind: "delete-retained", key: topicKey("a/b") }]);
      const read = reopen();
      expect(recordTexts(read.retained(topicKey("a")) ?? new Uint8Array())).toEqual(["a:second q2 retain"]);
      expect([read.retained(topicKey("a/b")), read.retainedBytes(topicKey("a/b"))]).toEqual([undefined, 0]);
      const bytes = topics
        .filter((topic) => topic !== "a/b")
        .reduce((sum, topic) => sum + read.retainedBytes(topicKey(topic)), 0);
      expect(read.retainedTotals()).toEqual({ messages: topics.length - 1, bytes });
      expect(bytes).toBeGreaterThan(topics.length * 9);
    }),
  );

  test(
    "cursors come back, of the last generation written",
    onStore((store, reopen) => {
      store.apply([putSource("=p", 5), putSource("!p", 2 ** 47)]);
      store.apply([putSource("=p", 1, 2)]);
      const atMs = 1_700_000_000_000;
      expect(reopen().source("=p")).toEqual({ generation: 2, sequence: 1, atMs });
      const key = { source: "=p", incarnation: 2 ** 52, sequence: 8 };
      store.apply([{ kind: "end-earlier-calls", key, atMs }]);
      expect(reopen().lastCall("=p")).toEqual({ incarnation: 2 ** 52, sequence: 7 });
      expect([reopen().source("=p")?.sequence, reopen().lastCall("!p")]).toEqual([1, undefined]);
      expect(reopen().source("!p")).toEqual({ generation: 1, sequence: 2 ** 47, atMs });
      expect(reopen().source("=q")).toBeUndefined();
    }),
  );

  test(
    "cursors go by the beginning of their names, if they are old",
    onStore((store, reopen) => {
      const names = ["~2 =p 1", "~2 =p 2", "~2 =p", "~2 =p~", "~2 =q 1"];
      store.apply(names.map((name) => putSource(name, 1)));
      const left = () => names.filter((name) => reopen().source(name) !== undefined);
      store.apply([{ kind: "delete-sources", prefix: "~2 =p ", beforeMs: 1_700_000_000_000 }]);
      expect(left()).toEqual(names);
      store.apply([{ kind: "delete-sources", prefix: "~2 =p ", beforeMs: 1_700_000_000_001 }]);
      expect(left()).toEqual(["~2 =p", "~2 =p~", "~2 =q 1"]);
    }),
  );

  test(
    "requests come back, as they were written last; those of more than a day ago are forgotten",
    onStore((store, reopen) => {
      const put = (id: string, nextSequence: number, atMs: number): ShardChange => ({
        kind: "put-request",
        id,
        request: { nextSequence, outcomes: [{ reached: nextSequence }, { reached: 0, refused: "queue-full" }] },
        atMs,
      });
      const day = requestKeptMs;
      store.apply([put("a", 1, 0), put("b", 2, 1), put("a", 3, day)]);
      expect(reopen().requests.request("a")).toEqual({
        nextSequence: 3,
        outcomes: [{ reached: 3 }, { reached: 0, refused: "queue-full" }],
      });
      for (let index = 0; index < 16; index++) store.apply([put(`${index}`, 1, day + 2)]);
      const { requests } = reopen();
      expect([
        requests.request("a")?.nextSequence,
        requests.request("b"),
        requests.request("15")?.nextSequence,
      ]).toEqual([3, undefined, 1]);
    }),
  );

  test(
    "requests of lives that write one and sleep are forgotten too",
    onStore((_, reopen) => {
      const day = requestKeptMs;
      const request = { nextSequence: 1, outcomes: [{ reached: 1 }] };
      const lives = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, atMs: 2 * index * day + index }));
      for (const life of lives) reopen().apply([{ kind: "put-request", request, ...life }]);
      const { requests } = reopen();
      const left = lives.filter(({ id }) => requests.request(id) !== undefined);
      expect(left.length).toBeLessThanOrEqual(16);
      expect(left.at(-1)?.id).toBe("99");
    }),
  );

  test(
    "owed calls come back whole, in the order of incarnation and sequence, also under other keys",
    onStore((store, reopen) => {
      const calls = [
        owed("c:1", 9, 1, records("a:1 q1")),
        owed("c:1", 8, 300, records("a:2 q1"), new Uint8Array(), records("b:3 q2 seq=4")),
        owed("c:1", 8, 20),
        owed("c:2", 1, 1, records("a:4 q1")),
      ];
      const bytesOf = (target: string) =>
        calls.filter((call) => call.target === target).reduce((sum, { parts }) => sum + packedLength(parts), 0);
      for (const call of calls) store.apply([{ kind: "put-owed", call }]);
      const read = reopen();
      const inOrder = () => read.owedKeys("c:1").map((key) => read.owedCall(key));
      expect(inOrder()).toEqual([calls[2], calls[1], calls[0]]);
      expect([read.firstOwed("c:1"), read.firstOwed("c:3")]).toEqual([calls[2], undefined]);
      const targets = read.owedTargets().toSorted((left, right) => left.target.localeCompare(right.target));
      expect(targets).toEqual([
        { target: "c:1", calls: 3, bytes: bytesOf("c:1"), newestIncarnation: 9 },
        { target: "c:2", calls: 1, bytes: bytesOf("c:2"), newestIncarnation: 1 },
      ]);
      store.apply([{ kind: "delete-owed", key: { target: "c:1", incarnation: 8, sequence: 20 } }]);
      expect(read.firstOwed("c:1")).toEqual(calls[1]);
      const [from, to] = [calls[1] as OwedCall, { target: "c:1", incarnation: 10, sequence: 1 }];
      store.apply([{ kind: "rename-owed", from, to }]);
      expect(inOrder()).toEqual([calls[0], { ...from, ...to }]);
      const grown = owed("c:1", 10, 1, records("a:5 q1"), records("a:6 q1"));
      store.apply([{ kind: "put-owed", call: grown }]);
      expect(inOrder()).toEqual([calls[0], grown]);
    }),
  );

  test(
    "changes are one transaction, and a row beyond the platform's limit is refused",
    onStore((store, reopen) => {
      const beyond = new Uint8Array(sqlLimits.rowBytesMax + 1);
      expect(() => store.apply([putRoute("a"), putRetained("b", beyond)])).toThrow(RangeError);
      expect(reopen().routesAt(topicKey("a"))).toEqual([]);
    }),
  );

  test("rows written, as they are billed", () =>
    withDriver((driver) => {
      const store = new ShardStore(new Sql(driver));
      const { session, generation } = route;
      const key = topicKey("a");
      const expected: readonly (readonly [change: ShardChange, rows: number])[] = [
        [putRoute("a"), 1],
        [putRoute("a"), 1],
        [{ kind: "delete-route", key, session, generation: 0, earlierToo: true }, 0],
        [{ kind: "delete-route", key, session, generation, earlierToo: true }, 1],
        [putMember("c:1"), 1],
        [putMember("c:1", 2), 1],
        [{ kind: "delete-member", key, share, session: "c:1", generation: 2, earlierToo: true }, 1],
        [putGroupRow(groupRow(1, 1)), 1],
        [putGroupRow(groupRow(1, 1, "c:1")), 1],
        [{ kind: "delete-group-row", share, rank: 1, id: 1 }, 1],
        [putRetained("a"), 1],
        [putRetained("a"), 1],
        [{ kind: "delete-retained", key }, 1],
        [{ kind: "delete-retained", key }, 0],
        [putSource("=p", 1), 1],
        [putSource("=p", 2), 1],
        [putSource("~2 =p 1", 1), 1],
        [{ kind: "delete-sources", prefix: "~2 =p ", beforeMs: 1_700_000_000_000 }, 0],
        [{ kind: "delete-sources", prefix: "~2 =p ", beforeMs: 1_700_000_000_001 }, 1],
        [{ kind: "end-earlier-calls", key: { source: "=p", incarnation: 5, sequence: 8 }, atMs: 1 }, 1],
        [{ kind: "put-request", id: "r", request: { nextSequence: 1, outcomes: [] }, atMs: 1 }, 1],
        [{ kind: "put-owed", call: owed("c:1", 1, 1, records("a:1 q1")) }, 1],
        [{ kind: "put-owed", call: owed("c:1", 1, 1, records("a:1 q1"), records("a:2 q1")) }, 1],
        [{ kind: "rename-owed", from: owed("c:1", 1, 1), to: owed("c:1", 2, 1) }, 1],
        [{ kind: "delete-owed", key: { target: "c:1", incarnation: 2, sequence: 1 } }, 1],
      ];
      const counted = expected.map(([change]) => {
        const before = driver.rowsWritten();
        store.apply([change]);
        const after = driver.rowsWritten();
        return [change.kind, before === undefined || after === undefined ? undefined : after - before];
      });
      if (driver.rowsWritten() !== undefined) {
        expect(counted).toEqual(expected.map(([change, rows]) => [change.kind, rows]));
      }
      expect([store.filters.seek(""), store.retainedTopics.seek(""), store.owedTargets()]).toEqual([
        undefined,
        undefined,
        [],
      ]);
    }));
}
