// A topic shard as it grows: matching a topic, the first page of retained messages for a wildcard, and waking.

import { RecordWriter } from "../../src/queue/record.ts";
import { retainedPage } from "../../src/retain/page.ts";
import { Routes } from "../../src/shard/routes.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { topicKey } from "../../src/topic/key.ts";
import { type Curve, type Point, type Progress, sizesUpTo, timeOf } from "./curve.ts";
import { Database } from "./database.ts";

const samples = 201;
const filledAtOnce = 10_000;

/** One in three has a wildcard, as fleets have: a device's own topics, one kind of all devices in a hall, a subtree. */
function filterOf(number: number): string {
  const hall = number % 1000;
  if (number % 3 === 0) return `plant/hall-${hall}/+/kind-${number}`;
  if (number % 3 === 1) return `plant/hall-${hall}/device-${number}/#`;
  return `plant/hall-${hall}/device-${number}/temperature`;
}

function fillRoutes(database: Database, store: ShardStore, from: number, to: number): void {
  for (let first = from; first < to; first += filledAtOnce) {
    database.fill(() => {
      for (let number = first; number < Math.min(to, first + filledAtOnce); number += 1) {
        const terms = { qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 } as const;
        const route = { session: `c:device-${number}`, generation: 1, ...terms };
        store.apply([{ kind: "put-route", key: topicKey(filterOf(number)), route }]);
      }
    });
  }
}

/** Both of the same shards: matching, and waking. */
export function routesCurves(largest: number, progress: Progress): Curve[] {
  const database = new Database();
  const matching: Point[] = [];
  const waking: Point[] = [];
  try {
    let store = new ShardStore(new Sql(database));
    let filled = 0;
    for (const size of sizesUpTo(largest)) {
      progress(`routes ${size.toLocaleString("en-US")}`);
      fillRoutes(database, store, filled, size);
      filled = size;
      matching.push({ size, values: matchingAt(database, store, size) });
      database.reopen();
      const statementsBefore = database.statements;
      const heapBefore = heapMegabytes();
      const wakeMs = timeOf(1, () => {
        store = new ShardStore(new Sql(database));
        store.owedTargets();
        store.delayed.nextAtMs();
        new Routes(store).destinations(topicOf(size - 1));
      });
      const statements = database.statements - statementsBefore;
      waking.push({ size, values: { time: wakeMs, statements, memory: Math.max(0, heapMegabytes() - heapBefore) } });
    }
  } finally {
    database.remove();
  }
  return [
    {
      name: "matching a topic for the first time",
      of: "routes in a shard",
      units: { time: "ms", statements: "look-ups" },
      points: matching,
    },
    {
      name: "waking, and matching the first topic",
      of: "routes in a shard",
      units: { time: "ms", statements: "look-ups", memory: "MB more" },
      points: waking,
    },
  ];
}

function topicOf(number: number): string {
  return `plant/hall-${number % 1000}/device-${number}/temperature`;
}

function matchingAt(database: Database, store: ShardStore, size: number): Point["values"] {
  const before = database.statements;
  // Each topic another one, so that none is remembered.
  const routes = new Routes(store);
  const time = timeOf(samples, (round) => {
    routes.destinations(`${topicOf(Math.floor((round * size) / samples))}/${round}`);
  });
  return { time, statements: (database.statements - before) / samples };
}

function heapMegabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

/** A filter that matches one message in a thousand (in all, one of those), spread over everything that is retained. */
export function retainedCurve(largest: number, progress: Progress): Curve {
  const database = new Database();
  const points: Point[] = [];
  try {
    const store = new ShardStore(new Sql(database));
    let filled = 0;
    for (const size of sizesUpTo(largest)) {
      progress(`retained ${size.toLocaleString("en-US")}`);
      fillRetained(database, store, filled, size);
      filled = size;
      points.push({ size, values: retainedAt(database, store) });
    }
  } finally {
    database.remove();
  }
  return {
    name: "first page of retained messages for a wildcard",
    of: "retained messages in a shard",
    units: { time: "ms", statements: "look-ups", messages: "messages found" },
    points,
  };
}

function fillRetained(database: Database, store: ShardStore, from: number, to: number): void {
  const encoder = new TextEncoder();
  for (let first = from; first < to; first += filledAtOnce) {
    database.fill(() => {
      for (let number = first; number < Math.min(to, first + filledAtOnce); number += 1) {
        const topic = `plant/hall-1/device-${number % 1000}/kind-${number}`;
        const writer = new RecordWriter();
        const bytes = {
          topicBytes: encoder.encode(topic),
          properties: new Uint8Array(0),
          payload: new Uint8Array(100),
        };
        writer.append({ qos: 1, retain: true, sequence: 0, expiresAtMs: 0, ...bytes });
        store.apply([{ kind: "put-retained", key: topicKey(topic), body: writer.take() }]);
      }
    });
  }
}

function retainedAt(database: Database, store: ShardStore): Point["values"] {
  const before = database.statements;
  let messages = 0;
  const terms = { filter: "plant/hall-1/device-7/+", qos: 1, identifier: 0 } as const;
  const time = timeOf(samples, () => {
    const { body } = retainedPage(store, terms, undefined, 0);
    messages = Math.round(body.length / 130);
  });
  return { time, statements: (database.statements - before) / samples, messages };
}
