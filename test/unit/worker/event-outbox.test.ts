// Events on their way to webhooks, against sessions that answer when and what a test says.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DeliveryAnswer } from "../../../src/session/deliver.ts";
import { EventRows, eventTables } from "../../../src/store/event-rows.ts";
import { Sql } from "../../../src/store/sql.ts";
import type { DeliveryCall } from "../../../worker/calls.ts";
import type { Env } from "../../../worker/env.ts";
import { EventOutbox } from "../../../worker/webhook/outbox.ts";
import { NodeSql } from "../../support/node-sql.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
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
  await outbox.flush();
  expect([generations, rows.hooks().map(({ generation }) => generation), rows.hasAny()]).toEqual([[5, 6], [6], false]);
});
