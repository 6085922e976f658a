// Events on their way to webhooks, against sessions that answer when and what a test says.

import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DeliveryAnswer } from "../../../src/session/deliver.ts";
import { EventRows, eventTables } from "../../../src/store/event-rows.ts";
import { Sql } from "../../../src/store/sql.ts";
import type { DeliveryCall } from "../../../worker/calls.ts";
import { counters } from "../../../worker/counters.ts";
import type { Env } from "../../../worker/env.ts";
import { EventOutbox, eventsMax } from "../../../worker/webhook/outbox.ts";
import { NodeSql } from "../../support/node-sql.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const event = { type: "client.connected", atMs: 1, data: {} } as const;
const taken: DeliveryAnswer = { busy: false, parts: [{ gone: false, refused: [] }] };
const gone: DeliveryAnswer = { busy: false, parts: [{ gone: true, refused: [] }] };

function hookOf(session: string, generation = 5, revision = 1) {
  return { session, revision, generation, events: [event.type] };
}

function outboxTo(deliver: (session: string, call: DeliveryCall) => Promise<DeliveryAnswer>) {
  const sql = new Sql(new NodeSql());
  for (const statement of eventTables) sql.run(statement);
  const rows = new EventRows(sql);
  const sessions = {
    getByName: (session: string) => ({ deliver: (call: DeliveryCall) => deliver(session, call) }),
  };
  return { rows, outbox: new EventOutbox({ SESSION: sessions } as unknown as Env, "directory-0", rows) };
}

test("a webhook that is made anew while the session before it answers that it is gone stays, and gets what comes", async () => {
  const generations: number[] = [];
  const { rows, outbox } = outboxTo(async (session, { parts }) => {
    const generation = parts[0]?.generation ?? 0;
    generations.push(generation);
    if (generation !== 5) return taken;
    outbox.putHook({ ...hookOf(session, 0, Number.MAX_SAFE_INTEGER), events: [] });
    outbox.putHook(hookOf(session, 6, 2));
    outbox.add([event]);
    return gone;
  });
  outbox.putHook(hookOf("c:$webhook/a"));
  outbox.add([event]);
  await outbox.flush(Date.now());
  expect([generations, rows.hooks().map(({ generation }) => generation), rows.hasAny()]).toEqual([[5, 6], [6], false]);
});

function overloaded(): Promise<DeliveryAnswer> {
  return Promise.reject(Object.assign(new Error("the object is overloaded"), { overloaded: true }));
}

test("a webhook whose session does not answer is tried later and later, and holds up no other", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const called: string[] = [];
  const { rows, outbox } = outboxTo((session) => {
    called.push(session);
    return session === "bad" ? overloaded() : Promise.resolve(taken);
  });
  for (const session of ["bad", "good"]) outbox.putHook(hookOf(session));
  outbox.add([event]);
  const pauses: number[] = [];
  for (let round = 0; round < 3; round++) {
    await outbox.flush(Date.now());
    pauses.push(outbox.dueAtMs - Date.now());
    vi.setSystemTime(outbox.dueAtMs);
  }
  expect([pauses, called]).toEqual([
    [5_000, 10_000, 20_000],
    ["bad", "good", "bad", "bad"],
  ]);
  called.length = 0;
  await outbox.flush(Date.now());
  outbox.add([event]);
  expect(outbox.dueAtMs - Date.now()).toBe(500);
  vi.setSystemTime(outbox.dueAtMs);
  await outbox.flush(Date.now());
  expect([called, outbox.dueAtMs - Date.now(), rows.hasAny()]).toEqual([["bad", "good"], 39_500, true]);
});

test("one that failed and is changed, or is back, is told at once", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  let isAway = true;
  const { rows, outbox } = outboxTo(() => (isAway ? overloaded() : Promise.resolve(taken)));
  outbox.putHook(hookOf("a"));
  outbox.add([event]);
  await outbox.flush(Date.now());
  expect(outbox.dueAtMs - Date.now()).toBe(5_000);
  isAway = false;
  outbox.putHook(hookOf("a", 5, 2));
  expect(outbox.dueAtMs - Date.now()).toBe(500);
  await outbox.flush(Date.now());
  expect([rows.hasAny(), outbox.dueAtMs]).toEqual([false, 0]);
});

test("no more than six sessions are called at once", async () => {
  let [calling, most] = [0, 0];
  const { rows, outbox } = outboxTo(async () => {
    most = Math.max(most, ++calling);
    await setImmediate();
    calling--;
    return taken;
  });
  for (let session = 0; session < 20; session++) outbox.putHook(hookOf(`${session}`));
  outbox.add([event]);
  await outbox.flush(Date.now());
  expect([most, rows.hasAny()]).toEqual([6, false]);
});

test("of the oldest events, which go beyond the limit, a webhook has missed those that it wanted", async () => {
  const { outbox } = outboxTo(overloaded);
  outbox.putHook({ ...hookOf("c:$webhook/a"), events: ["session.ended"] });
  outbox.putHook(hookOf("c:$webhook/b"));
  outbox.add([{ ...event, type: "session.ended" }, ...Array.from({ length: eventsMax - 1 }, () => event)]);
  const counted = counters.getFor("events_missed", "outbox-full");
  outbox.add([event, event, event]);
  // One of the first webhook's, and two of the other's.
  expect(counters.getFor("events_missed", "outbox-full") - counted).toBe(1 + 2);
});
